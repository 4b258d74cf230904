// Passkeys: what a browser sends is checked as W3C Web Authentication Level 2 sections 7.1 and 7.2
// say. Algorithms: ES256 and EdDSA (Ed25519). Attestation is not asked for and not trusted: "none"
// and the passkey's own signature ("packed" self attestation) are taken, everything else is
// refused. User presence and verification are both required. Pure: challenges and credentials are
// kept by factor.h and signature.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace khien::identity {

constexpr std::size_t credential_id_size_max = 1'023;  // WebAuthn level 2 section 4
constexpr std::size_t client_data_size_max = 4'096;
constexpr std::size_t authenticator_data_size_max = 4'096;
constexpr std::size_t attestation_object_size_max = 16'384;
constexpr std::size_t webauthn_signature_size_max = 256;
constexpr std::size_t webauthn_challenge_size = 32;

/// Us, as browsers know us.
struct RelyingParty {
  std::string id;                    ///< "khien.example.vn", or "localhost"; never an address
  std::string name;                  ///< shown by the browser
  std::vector<std::string> origins;  ///< "https://khien.example.vn", with the port if not 443
};

/// What registration gives to keep.
struct Passkey {
  Octets credential_id;
  Octets cose_key;  ///< the public key as sent (RFC 9052 section 7), checked
  std::uint32_t sign_count;
};

struct WebauthnAttestation {
  Octets credential_id;
  Octets client_data_json;
  Octets attestation_object;
};

struct WebauthnAssertion {
  Octets credential_id;
  Octets client_data_json;
  Octets authenticator_data;
  Octets signature;
};

/// Reads the members `id client_data_json attestation_object` (or `… authenticator_data signature`)
/// of a request, all base64url. malformed or limit_exceeded.
[[nodiscard]] Result<WebauthnAttestation> parse_attestation(const codec::Json& request);
[[nodiscard]] Result<WebauthnAssertion> parse_assertion(const codec::Json& request);

/// Checks a registration for `challenge`. malformed for what cannot be read; denied with reason
/// "webauthn_refused" for a wrong type, challenge, origin, RP id, flag, algorithm or attestation.
[[nodiscard]] Result<Passkey> verify_registration(const RelyingParty& rp, Bytes challenge,
                                                  const WebauthnAttestation& attestation);

/// What a stored assertion is checked against; `sign_count` is the one known before.
struct AssertionCheck {
  std::string_view rp_id;
  /// Empty takes any origin: for checking an old signature after the site has moved.
  const std::vector<std::string>& origins;
  Bytes challenge;
  Bytes cose_key;
  std::uint32_t sign_count;
};

/// Checks an assertion and gives the passkey's new signature counter. Errors as above; a counter
/// that does not grow is denied with reason "webauthn_cloned" (passkeys that do not count send 0
/// always).
[[nodiscard]] Result<std::uint32_t> verify_assertion(const AssertionCheck& check,
                                                     const WebauthnAssertion& assertion);

/// PublicKeyCredentialCreationOptionsJSON; `user_handle` is an opaque id, `known` are excluded.
struct CreationOptions {
  Bytes challenge;
  Bytes user_handle;
  std::string_view login;
  std::string_view display_name;
  const std::vector<Octets>& known;
};
[[nodiscard]] codec::Json creation_options_json(const RelyingParty& rp,
                                                const CreationOptions& options);

/// PublicKeyCredentialRequestOptionsJSON.
[[nodiscard]] codec::Json request_options_json(const RelyingParty& rp, Bytes challenge,
                                               const std::vector<Octets>& credential_ids);

}  // namespace khien::identity
