// Hashes and message authentication codes (FIPS 180-4, RFC 2104, RFC 6234) through OpenSSL 3, and
// SipHash through libsodium.
// Values in, values out: no files, no keys kept. Every function may run on any thread. SHA-1 stands
// here only inside HMAC, where TOTP and old TSIG keys ask for it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace khien::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Sha512Digest = std::array<std::uint8_t, 64>;
using Sha1Digest = std::array<std::uint8_t, 20>;

/// SHA-256 of what comes in pieces, for example a file while it is written. One thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  Sha256& update(Bytes data);
  Sha256& update(std::string_view text) { return update(as_bytes(text)); }
  /// The digest of everything so far; afterwards the object starts again, empty.
  [[nodiscard]] Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] Sha256Digest sha256(Bytes data);
[[nodiscard]] inline Sha256Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }
[[nodiscard]] Sha512Digest sha512(Bytes data);

/// HMAC with a key of any length, the empty one included.
[[nodiscard]] Sha1Digest hmac_sha1(Bytes key, Bytes data);
[[nodiscard]] Sha256Digest hmac_sha256(Bytes key, Bytes data);
[[nodiscard]] Sha512Digest hmac_sha512(Bytes key, Bytes data);

/// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of 64 bits for short inputs. Allocates
/// nothing.
using SipHash = std::array<std::uint8_t, 8>;
[[nodiscard]] SipHash siphash24(const std::array<std::uint8_t, 16>& key, Bytes data) noexcept;

/// True if both are equal. Takes the same time wherever they differ; a different size is false at
/// once, so compare digests or fixed-size tokens where the size is a secret.
[[nodiscard]] bool constant_time_equal(Bytes a, Bytes b) noexcept;
[[nodiscard]] inline bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return constant_time_equal(as_bytes(a), as_bytes(b));
}

}  // namespace khien::crypto
