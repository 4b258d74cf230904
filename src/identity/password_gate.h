// Every password is hashed and checked here, a few at a time: each takes 64 MB, so a burst of
// sign-ins must wait instead of eating the machine. Thread-safe; blocks the caller.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "base/result.h"
#include "crypto/password.h"

namespace khien::identity {

constexpr int password_checks_at_once_max = 4;  // 4 x 64 MB
constexpr std::chrono::milliseconds password_wait_max{5'000};
constexpr std::size_t password_size_min = 12;   // characters, counted as octets
constexpr std::size_t password_text_max = 256;  // octets of a chosen password

class PasswordGate {
 public:
  explicit PasswordGate(crypto::PasswordCost cost = crypto::password_cost,
                        std::chrono::milliseconds wait_max = password_wait_max);

  /// A hash for a password that a person chose. invalid_argument with reason "password_too_short"
  /// or "password_too_long"; unavailable with reason "busy" if no place came free in time.
  [[nodiscard]] Result<std::string> hash(std::string_view password);
  /// Whether `password` belongs to `hash`; unavailable as above.
  [[nodiscard]] Result<bool> verify(const std::string& hash, std::string_view password);
  /// Takes as long as verify() and is always false: for a login that does not exist, so that time
  /// does not tell which logins do.
  [[nodiscard]] Result<bool> verify_nobody(std::string_view password);
  [[nodiscard]] bool needs_rehash(const std::string& hash) const;

  /// A place of the gate, for as long as it lives.
  class Place {
   public:
    explicit Place(PasswordGate& gate) noexcept : gate_(&gate) {}
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    PasswordGate* gate_;
  };
  /// unavailable with reason "busy" after the longest wait.
  [[nodiscard]] Result<Place> enter();

 private:
  crypto::PasswordCost cost_;
  std::chrono::milliseconds wait_max_;
  std::string nobody_hash_;
  Guarded<int> inside_;
};

}  // namespace khien::identity
