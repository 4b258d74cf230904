// A passkey in software, with what a browser adds around it: for tests. Every field can be bent to
// play a wrong site, a wrong person or a broken authenticator.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "crypto/signature.h"
#include "crypto/testing/es256_key.h"
#include "identity/webauthn.h"

namespace khien::identity::testing {

class SoftPasskey {
 public:
  enum class Algorithm { es256, ed25519 };
  explicit SoftPasskey(Algorithm algorithm = Algorithm::es256);

  [[nodiscard]] WebauthnAttestation create(Bytes challenge) const;
  [[nodiscard]] WebauthnAssertion get(Bytes challenge);

  std::string rp_id = "localhost";
  std::string origin = "http://localhost:8080";
  std::string create_type = "webauthn.create";
  std::string get_type = "webauthn.get";
  std::string client_data_extra = R"(,"crossOrigin":false)";
  std::uint8_t flags = 0x05;  // present and verified
  std::uint32_t sign_count = 0;
  bool counts = false;
  enum class Attestation { none, self, unknown } attestation = Attestation::none;
  Octets credential_id{1, 2, 3, 4, 5, 6, 7, 8};

  [[nodiscard]] Octets cose_key() const;
  [[nodiscard]] Octets sign(Bytes message) const;

 private:
  [[nodiscard]] Octets client_data(std::string_view type, Bytes challenge) const;
  [[nodiscard]] Octets authenticator_data(bool with_credential) const;
  Algorithm algorithm_;
  crypto::testing::Es256Key es256_;
  crypto::Ed25519Key ed25519_;
};

}  // namespace khien::identity::testing
