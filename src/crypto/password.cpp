#include "crypto/password.h"

#include <sodium.h>

#include <array>

#include "base/assert.h"

namespace khien::crypto {
namespace {

// libsodium picks its code for this machine once; a second call is cheap and safe on any thread.
void start_sodium() {
  static const bool started = sodium_init() >= 0;
  KHIEN_ASSERT(started);
}

}  // namespace

Result<std::string> hash_password(std::string_view password, PasswordCost cost) {
  start_sodium();
  if (password.size() > password_size_max)
    return fail(ErrorCode::limit_exceeded, "password is too long", "password_too_long");
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), cost.passes,
                                 cost.memory_size) != 0)
    return fail(ErrorCode::unavailable, "no memory to hash a password");
  return std::string{text.data()};
}

bool verify_password(const std::string& hash, std::string_view password) {
  start_sodium();
  if (password.size() > password_size_max || hash.size() >= crypto_pwhash_argon2id_STRBYTES)
    return false;
  return crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(const std::string& hash, PasswordCost cost) {
  if (hash.size() >= crypto_pwhash_argon2id_STRBYTES) return true;
  return crypto_pwhash_argon2id_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_size) != 0;
}

}  // namespace khien::crypto
