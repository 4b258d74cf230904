#include "identity/cose_key.h"

#include "crypto/signature.h"

namespace khien::identity {
namespace {

constexpr std::int64_t label_kty = 1, label_alg = 3, label_crv = -1, label_x = -2, label_y = -3;
constexpr std::int64_t kty_okp = 1, kty_ec2 = 2, crv_p256 = 1, crv_ed25519 = 6;
constexpr std::size_t coordinate_size = 32;

bool holds(const codec::Cbor& item, std::int64_t label, std::int64_t value) {
  const auto* found = item.find(label);
  return found != nullptr && found->integer() == value;
}

Octets coordinate(const codec::Cbor& item, std::int64_t label) {
  const auto* found = item.find(label);
  const Octets* octets = found == nullptr ? nullptr : found->bytes();
  return octets == nullptr || octets->size() != coordinate_size ? Octets{} : *octets;
}

}  // namespace

Result<CoseKey> CoseKey::parse(const codec::Cbor& item) {
  const auto x = coordinate(item, label_x);
  if (holds(item, label_alg, cose_es256) && holds(item, label_kty, kty_ec2) &&
      holds(item, label_crv, crv_p256)) {
    const auto y = coordinate(item, label_y);
    if (!crypto::is_p256_point(x, y)) return fail(ErrorCode::malformed, "not a point of P-256");
    return CoseKey{.algorithm = cose_es256, .x = x, .y = y};
  }
  if (holds(item, label_alg, cose_eddsa) && holds(item, label_kty, kty_okp) &&
      holds(item, label_crv, crv_ed25519) && !x.empty())
    return CoseKey{.algorithm = cose_eddsa, .x = x, .y = {}};
  return fail(ErrorCode::malformed, "passkey is neither ES256 nor Ed25519");
}

Result<CoseKey> CoseKey::parse(Bytes octets) {
  const auto item = codec::Cbor::read(octets);
  if (!item) return tl::unexpected<Error>{item.error()};
  return parse(*item);
}

bool CoseKey::verify(Bytes message, Bytes signature) const {
  return algorithm == cose_es256 ? crypto::es256_verify(x, y, message, signature)
                                 : crypto::ed25519_verify(x, message, signature);
}

}  // namespace khien::identity
