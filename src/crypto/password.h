// Passwords as argon2id hashes (RFC 9106) in libsodium's text form, which carries salt and cost.
// How many run at once is the caller's limit: each takes `memory_size` octets. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::crypto {

struct PasswordCost {
  unsigned long long passes;
  std::size_t memory_size;  // octets
};

/// What accounts use: about 0.1 s on one core, and 64 MB that an attacker must spend per guess.
constexpr PasswordCost password_cost{.passes = 3, .memory_size = std::size_t{64} << 20};
/// The cheapest that libsodium allows, for tests whose subject is something else.
constexpr PasswordCost password_cost_for_tests{.passes = 1, .memory_size = std::size_t{8} << 10};

constexpr std::size_t password_size_max = 1'024;  // octets; hashing more is work for nothing

/// The hash of `password`, about 100 characters of ASCII. limit_exceeded above password_size_max;
/// unavailable if the memory is not there. The salt comes from the kernel.
[[nodiscard]] Result<std::string> hash_password(std::string_view password, PasswordCost cost);

/// True if `password` belongs to `hash`. A hash that cannot be read is false.
[[nodiscard]] bool verify_password(const std::string& hash, std::string_view password);

/// True if `hash` was made with another cost, so that the next good sign-in should hash anew.
[[nodiscard]] bool needs_rehash(const std::string& hash, PasswordCost cost);

}  // namespace khien::crypto
