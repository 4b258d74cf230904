// Public-key signatures: Ed25519 (RFC 8032, libsodium) made and checked, ECDSA on P-256 with
// SHA-256
// ("ES256", RFC 7518 section 3.4, OpenSSL) only checked, for other people's passkeys. Any thread.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace khien::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;
using Ed25519Seed = std::array<std::uint8_t, 32>;

/// A signing key. Its secret part is wiped when it dies and is never printed or logged.
class Ed25519Key {
 public:
  [[nodiscard]] static Ed25519Key generate(Rng& rng);
  /// From the 32-octet secret of RFC 8032, which is what a key file holds.
  [[nodiscard]] static Ed25519Key from_seed(const Ed25519Seed& seed);
  Ed25519Key(const Ed25519Key&) = default;
  Ed25519Key& operator=(const Ed25519Key&) = default;
  ~Ed25519Key();

  [[nodiscard]] const Ed25519PublicKey& public_key() const noexcept { return public_key_; }
  /// The secret, for writing a key file. The caller wipes the copy (`wipe`).
  [[nodiscard]] Ed25519Seed seed() const noexcept;
  [[nodiscard]] Ed25519Signature sign(Bytes message) const;

 private:
  Ed25519Key() = default;
  std::array<std::uint8_t, 64> secret_{};  // libsodium's form: seed, then public key
  Ed25519PublicKey public_key_{};
};

/// True if `signature` is good. Wrong sizes are false. Keys of small order and non-canonical
/// signatures are refused, as libsodium does.
[[nodiscard]] bool ed25519_verify(Bytes public_key, Bytes message, Bytes signature);

/// True if `der_signature` (an ASN.1 ECDSA-Sig-Value, as WebAuthn sends it) is good for SHA-256 of
/// `message` under the P-256 point (`x`, `y`), 32 octets each, big-endian. A point that is not on
/// the curve is false.
[[nodiscard]] bool es256_verify(Bytes x, Bytes y, Bytes message, Bytes der_signature);
/// True if (`x`, `y`) is a point of P-256: checked once, when a passkey is registered.
[[nodiscard]] bool is_p256_point(Bytes x, Bytes y);

/// Overwrites a secret in a way that the compiler may not leave out.
void wipe(std::span<std::uint8_t> secret) noexcept;

}  // namespace khien::crypto
