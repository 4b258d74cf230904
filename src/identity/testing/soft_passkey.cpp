#include "identity/testing/soft_passkey.h"

#include <string_view>

#include "base/assert.h"
#include "base/random.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"

namespace khien::identity::testing {
namespace {

crypto::Ed25519Key random_ed25519() {
  SystemRng rng;
  return crypto::Ed25519Key::generate(rng);
}

void append(Octets& out, Bytes more) { out.insert(out.end(), more.begin(), more.end()); }
void append_hex(Octets& out, std::string_view hex) { append(out, codec::parse_hex(hex).value()); }

// A CBOR byte string of up to 65535 octets.
void append_byte_string(Octets& out, Bytes content) {
  if (content.size() < 24) {
    out.push_back(static_cast<std::uint8_t>(0x40 + content.size()));
  } else if (content.size() < 256) {
    out.push_back(0x58);
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    out.push_back(0x59);
    out.push_back(static_cast<std::uint8_t>(content.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(content.size() & 0xff));
  }
  append(out, content);
}

}  // namespace

SoftPasskey::SoftPasskey(Algorithm algorithm) : algorithm_(algorithm), ed25519_(random_ed25519()) {}

Octets SoftPasskey::cose_key() const {
  Octets key;
  if (algorithm_ == Algorithm::es256) {
    append_hex(key, "a5010203262001215820");  // {1: 2, 3: -7, -1: 1, -2: bytes(32)
    append(key, es256_.x());
    append_hex(key, "225820");  // -3: bytes(32)
    append(key, es256_.y());
  } else {
    append_hex(key, "a4010103272006215820");  // {1: 1, 3: -8, -1: 6, -2: bytes(32)
    append(key, ed25519_.public_key());
  }
  return key;
}

Octets SoftPasskey::sign(Bytes message) const {
  if (algorithm_ == Algorithm::es256) return es256_.sign(message);
  const auto signature = ed25519_.sign(message);
  return {signature.begin(), signature.end()};
}

Octets SoftPasskey::client_data(std::string_view type, Bytes challenge) const {
  return to_octets("{\"type\":\"" + std::string{type} + "\",\"challenge\":\"" +
                   codec::base64url(challenge) + "\",\"origin\":\"" + origin + "\"" +
                   client_data_extra + "}");
}

Octets SoftPasskey::authenticator_data(bool with_credential) const {
  Octets data;
  append(data, crypto::sha256(rp_id));
  data.push_back(static_cast<std::uint8_t>(flags | (with_credential ? 0x40 : 0)));
  for (int shift = 24; shift >= 0; shift -= 8)
    data.push_back(static_cast<std::uint8_t>(sign_count >> shift & 0xff));
  if (!with_credential) return data;
  data.resize(data.size() + 16);  // AAGUID of zeros
  data.push_back(static_cast<std::uint8_t>(credential_id.size() >> 8));
  data.push_back(static_cast<std::uint8_t>(credential_id.size() & 0xff));
  append(data, credential_id);
  append(data, cose_key());
  return data;
}

WebauthnAttestation SoftPasskey::create(Bytes challenge) const {
  const auto client = client_data(create_type, challenge);
  const auto data = authenticator_data(true);
  Octets object;
  append_hex(object, "a363666d74");  // {"fmt":
  if (attestation == Attestation::self) {
    Octets message = data;
    append(message, crypto::sha256(client));
    append_hex(object,
               "667061636b6564"      // "packed"
               "6761747453746d74a2"  // "attStmt": {
               "63616c67");          // "alg":
    append_hex(object, algorithm_ == Algorithm::es256 ? "26" : "27");
    append_hex(object, "63736967");  // "sig":
    append_byte_string(object, sign(message));
  } else if (attestation == Attestation::unknown) {
    append_hex(object, "6374706d6761747453746d74a0");  // "tpm", "attStmt": {}
  } else {
    append_hex(object, "646e6f6e656761747453746d74a0");  // "none", "attStmt": {}
  }
  append_hex(object, "686175746844617461");  // "authData":
  append_byte_string(object, data);
  return {.credential_id = credential_id, .client_data_json = client, .attestation_object = object};
}

WebauthnAssertion SoftPasskey::get(Bytes challenge) {
  if (counts) ++sign_count;
  const auto client = client_data(get_type, challenge);
  const auto data = authenticator_data(false);
  Octets message = data;
  append(message, crypto::sha256(client));
  return {.credential_id = credential_id,
          .client_data_json = client,
          .authenticator_data = data,
          .signature = sign(message)};
}

}  // namespace khien::identity::testing
