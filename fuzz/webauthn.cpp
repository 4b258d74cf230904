// What a browser sends for a passkey, any octets: CBOR never reads beyond its input, and no
// registration passes whose credential is not the one named or whose key is not usable. The first
// octet chooses how much of the input is the client data.
#include "identity/webauthn.h"
#include "base/assert.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "identity/cose_key.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{data, size};
  if (const auto first = codec::Cbor::read_first(input)) {
    KHIEN_ASSERT(first->size > 0 && first->size <= size);
    const auto again = codec::Cbor::read(input.first(first->size));
    KHIEN_ASSERT(again.has_value() && *again == first->item);
  }
  (void)identity::CoseKey::parse(input);
  if (size < 2) return 0;

  const identity::RelyingParty rp{
      .id = "localhost", .name = "Khien", .origins = {"http://localhost:8080"}};
  const Octets challenge(identity::webauthn_challenge_size, 0x5a);
  const std::size_t split = 1 + data[0] * (size - 1) / 255;
  const Bytes client_data = input.subspan(1, split - 1);
  const Bytes rest = input.subspan(split);

  const identity::WebauthnAttestation attestation{.credential_id = {1, 2, 3, 4, 5, 6, 7, 8},
                                                  .client_data_json = to_octets(client_data),
                                                  .attestation_object = to_octets(rest)};
  if (const auto passkey = identity::verify_registration(rp, challenge, attestation)) {
    KHIEN_ASSERT(passkey->credential_id == attestation.credential_id);
    KHIEN_ASSERT(identity::CoseKey::parse(passkey->cose_key).has_value());
  }
  const std::size_t half = rest.size() / 2;
  const identity::WebauthnAssertion assertion{.credential_id = {},
                                              .client_data_json = to_octets(client_data),
                                              .authenticator_data = to_octets(rest.first(half)),
                                              .signature = to_octets(rest.subspan(half))};
  // Nobody holds this key, so nothing may verify.
  const Octets key(1, 0xa0);
  KHIEN_ASSERT(!identity::verify_assertion({.rp_id = rp.id,
                                            .origins = rp.origins,
                                            .challenge = challenge,
                                            .cose_key = key,
                                            .sign_count = 0},
                                           assertion));
  return 0;
}
