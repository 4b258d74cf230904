// Public keys of passkeys (COSE_Key, RFC 9052 section 7 and RFC 9053): P-256 for ES256 and Ed25519
// for EdDSA, and no other.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace khien::identity {

constexpr std::int64_t cose_es256 = -7;
constexpr std::int64_t cose_eddsa = -8;
constexpr std::size_t cose_key_size_max = 256;

struct CoseKey {
  std::int64_t algorithm;  ///< cose_es256 or cose_eddsa
  Octets x;
  Octets y;  ///< empty for Ed25519

  /// malformed for a key that is not one of the two, or a point that is not on the curve.
  [[nodiscard]] static Result<CoseKey> parse(const codec::Cbor& item);
  [[nodiscard]] static Result<CoseKey> parse(Bytes octets);
  [[nodiscard]] bool verify(Bytes message, Bytes signature) const;
};

}  // namespace khien::identity
