// How often somebody may try: token buckets in memory, a bounded number of them. What is counted
// (a login, a network prefix) is never written to disk or to the log. Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace khien::identity {

constexpr std::size_t attempt_keys_max = 65'536;  // buckets of one kind; about 10 MB

struct AttemptRate {
  int burst;               ///< tries at once
  std::int64_t refill_ms;  ///< one more after this long
  std::size_t keys_max = attempt_keys_max;
};

class Attempts {
 public:
  explicit Attempts(AttemptRate rate) : rate_(rate) {}

  /// Takes one try of `key`; false if none is left. `steady_ms` from Clock::steady_ms(). When every
  /// bucket is in use the one untouched for longest is forgotten.
  [[nodiscard]] bool take(std::string_view key, std::int64_t steady_ms);
  /// Gives all tries back, after a success.
  void forgive(std::string_view key);
  [[nodiscard]] std::size_t size() { return state_.lock()->by_key.size(); }

 private:
  struct Bucket {
    std::string key;
    int left;
    std::int64_t since_ms;  // when `left` was last brought up to date
  };
  struct State {
    std::list<Bucket> recent;  // most recently used first
    std::unordered_map<std::string_view, std::list<Bucket>::iterator>
        by_key;  // views into `recent`
  };
  AttemptRate rate_;
  Guarded<State> state_;
};

constexpr AttemptRate password_rate_by_login{.burst = 10, .refill_ms = 60'000};
constexpr AttemptRate password_rate_by_client{.burst = 30, .refill_ms = 10'000};
constexpr AttemptRate factor_rate_by_account{.burst = 5, .refill_ms = 60'000};

/// The three limits of signing in. Each refusal is limit_exceeded with reason "too_many_attempts".
class SignInLimits {
 public:
  SignInLimits()
      : SignInLimits(password_rate_by_login, password_rate_by_client, factor_rate_by_account) {}
  SignInLimits(AttemptRate by_login, AttemptRate by_client, AttemptRate by_factor)
      : by_login_(by_login), by_client_(by_client), by_factor_(by_factor) {}

  /// Before a password is looked at. `client_prefix` is the network of the client (an IPv4 address,
  /// an IPv6 /56) as the caller writes it; empty is not counted.
  [[nodiscard]] Result<void> before_password(std::string_view login, std::string_view client_prefix,
                                             const Clock& clock);
  void password_was_good(std::string_view login) { by_login_.forgive(login); }
  /// Before a second factor is looked at: six digits fall to a million tries.
  [[nodiscard]] Result<void> before_factor(std::string_view account_id, const Clock& clock);
  void factor_was_good(std::string_view account_id) { by_factor_.forgive(account_id); }

 private:
  Attempts by_login_;
  Attempts by_client_;
  Attempts by_factor_;
};

}  // namespace khien::identity
