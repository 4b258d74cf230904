#include "identity/webauthn.h"

#include <algorithm>
#include <optional>

#include "codec/base64.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "identity/cose_key.h"

namespace khien::identity {
namespace {

using codec::Cbor;
using codec::Json;

constexpr std::int64_t browser_timeout_ms = 120'000;

tl::unexpected<Error> refused(std::string message) {
  return fail(ErrorCode::denied, std::move(message), "webauthn_refused");
}

Result<Octets> octets_at(const Json& json, std::string_view key, std::size_t size_max) {
  const auto text = json.text_at(key);
  if (!text) return tl::unexpected<Error>{text.error()};
  // Four characters carry three octets: nothing longer is worth decoding.
  if (text->size() > (size_max + 2) / 3 * 4)
    return fail(ErrorCode::limit_exceeded, "field \"" + std::string{key} + "\" is too long");
  auto octets = codec::parse_base64url(*text);
  if (!octets) return propagate(std::move(octets).error(), "field \"" + std::string{key} + "\"");
  return octets;
}

// Section 7.1 steps 5 to 10 and 7.2 steps 10 to 14.
Result<void> check_client_data(Bytes client_data_json, std::string_view type, Bytes challenge,
                               const std::vector<std::string>& origins) {
  const auto data =
      Json::parse(client_data_json, {.size_max = client_data_size_max, .depth_max = 4});
  if (!data) return propagate(data.error(), "client data");
  const auto sent_type = data->text_at("type");
  const auto sent_challenge = data->text_at("challenge");
  const auto sent_origin = data->text_at("origin");
  const auto cross_origin = data->optional_boolean_at("crossOrigin");
  if (!sent_type || !sent_challenge || !sent_origin || !cross_origin)
    return fail(ErrorCode::malformed, "client data lacks a member");
  if (*sent_type != type) return refused("client data is of another type");
  const auto octets = codec::parse_base64url(*sent_challenge);
  if (!octets || !crypto::constant_time_equal(*octets, challenge))
    return refused("client data answers another challenge");
  if (!origins.empty() && std::find(origins.begin(), origins.end(), *sent_origin) == origins.end())
    return refused("client data comes from another origin");
  if (cross_origin->value_or(false)) return refused("client data comes from a frame elsewhere");
  return {};
}

// Section 6.1: rpIdHash 32, flags 1, signCount 4, [aaguid 16, L 2, id L, COSE key], [extensions].
struct AuthenticatorData {
  Bytes rp_id_hash;
  bool user_present;
  bool user_verified;
  std::uint32_t sign_count;
  Bytes credential_id;  // empty without attested credential data
  Bytes cose_key;
};

constexpr std::uint8_t flag_up = 0x01, flag_uv = 0x04, flag_at = 0x40, flag_ed = 0x80;
constexpr std::size_t fixed_size = 37;
constexpr std::size_t attested_fixed_size = 18;

Result<Bytes> read_attested(Bytes rest, AuthenticatorData& data) {
  const auto cut = fail(ErrorCode::malformed, "authenticator data is cut short");
  if (rest.size() < attested_fixed_size) return cut;
  const std::size_t id_size = std::size_t{rest[16]} << 8 | rest[17];
  rest = rest.subspan(attested_fixed_size);
  if (id_size == 0 || id_size > credential_id_size_max)
    return fail(ErrorCode::malformed, "credential id of an impossible size");
  if (id_size > rest.size()) return cut;
  data.credential_id = rest.first(id_size);
  rest = rest.subspan(id_size);
  const auto key = Cbor::read_first(rest);
  if (!key) return propagate(key.error(), "credential key");
  if (key->size > cose_key_size_max)
    return fail(ErrorCode::limit_exceeded, "credential key is too long");
  data.cose_key = rest.first(key->size);
  return rest.subspan(key->size);
}

Result<AuthenticatorData> read_authenticator_data(Bytes octets) {
  if (octets.size() < fixed_size || octets.size() > authenticator_data_size_max)
    return fail(ErrorCode::malformed, "authenticator data of an impossible size");
  const std::uint8_t flags = octets[32];
  AuthenticatorData data{.rp_id_hash = octets.first(32),
                         .user_present = (flags & flag_up) != 0,
                         .user_verified = (flags & flag_uv) != 0,
                         .sign_count = std::uint32_t{octets[33]} << 24 |
                                       std::uint32_t{octets[34]} << 16 |
                                       std::uint32_t{octets[35]} << 8 | octets[36],
                         .credential_id = {},
                         .cose_key = {}};
  Bytes rest = octets.subspan(fixed_size);
  if ((flags & flag_at) != 0) {
    auto after = read_attested(rest, data);
    if (!after) return tl::unexpected<Error>{after.error()};
    rest = *after;
  }
  if ((flags & flag_ed) != 0) {
    const auto extensions = Cbor::read_first(rest);
    if (!extensions) return propagate(extensions.error(), "extensions");
    rest = rest.subspan(extensions->size);
  }
  if (!rest.empty()) return fail(ErrorCode::malformed, "octets after the authenticator data");
  return data;
}

Result<void> check_authenticator_data(const AuthenticatorData& data, std::string_view rp_id) {
  if (!crypto::constant_time_equal(data.rp_id_hash, crypto::sha256(rp_id)))
    return refused("passkey signed for another site");
  if (!data.user_present) return refused("nobody was present");
  if (!data.user_verified) return refused("the person was not verified");
  return {};
}

Octets signed_octets(Bytes authenticator_data, Bytes client_data_json) {
  Octets message = to_octets(authenticator_data);
  const auto hash = crypto::sha256(client_data_json);
  message.insert(message.end(), hash.begin(), hash.end());
  return message;
}

// Section 8.7 (none) and 8.2 without certificates (self attestation).
Result<void> check_attestation(const Cbor& object, const CoseKey& key, Bytes message) {
  const auto* format = object.find("fmt");
  const auto* statement = object.find("attStmt");
  if (format == nullptr || format->text() == nullptr || statement == nullptr ||
      statement->map() == nullptr)
    return fail(ErrorCode::malformed, "attestation lacks its format or statement");
  if (*format->text() == "none") {
    if (!statement->map()->empty()) return refused("attestation \"none\" with a statement");
    return {};
  }
  if (*format->text() != "packed" || statement->find("x5c") != nullptr)
    return refused("attestation that was not asked for");
  const auto* algorithm = statement->find("alg");
  const auto* signature = statement->find("sig");
  if (algorithm == nullptr || signature == nullptr || signature->bytes() == nullptr)
    return fail(ErrorCode::malformed, "self attestation lacks a member");
  if (algorithm->integer() != key.algorithm || !key.verify(message, *signature->bytes()))
    return refused("self attestation does not hold");
  return {};
}

Json descriptors(const std::vector<Octets>& credential_ids) {
  Json list = Json::array();
  for (const auto& id : credential_ids)
    list.push(Json::object({{"type", "public-key"}, {"id", codec::base64url(id)}}));
  return list;
}

}  // namespace

Result<WebauthnAttestation> parse_attestation(const Json& request) {
  auto id = octets_at(request, "id", credential_id_size_max);
  if (!id) return tl::unexpected<Error>{id.error()};
  auto client_data = octets_at(request, "client_data_json", client_data_size_max);
  if (!client_data) return tl::unexpected<Error>{client_data.error()};
  auto object = octets_at(request, "attestation_object", attestation_object_size_max);
  if (!object) return tl::unexpected<Error>{object.error()};
  return WebauthnAttestation{.credential_id = std::move(*id),
                             .client_data_json = std::move(*client_data),
                             .attestation_object = std::move(*object)};
}

Result<WebauthnAssertion> parse_assertion(const Json& request) {
  auto id = octets_at(request, "id", credential_id_size_max);
  if (!id) return tl::unexpected<Error>{id.error()};
  auto client_data = octets_at(request, "client_data_json", client_data_size_max);
  if (!client_data) return tl::unexpected<Error>{client_data.error()};
  auto data = octets_at(request, "authenticator_data", authenticator_data_size_max);
  if (!data) return tl::unexpected<Error>{data.error()};
  auto signature = octets_at(request, "signature", webauthn_signature_size_max);
  if (!signature) return tl::unexpected<Error>{signature.error()};
  return WebauthnAssertion{.credential_id = std::move(*id),
                           .client_data_json = std::move(*client_data),
                           .authenticator_data = std::move(*data),
                           .signature = std::move(*signature)};
}

Result<Passkey> verify_registration(const RelyingParty& rp, Bytes challenge,
                                    const WebauthnAttestation& attestation) {
  if (auto good =
          check_client_data(attestation.client_data_json, "webauthn.create", challenge, rp.origins);
      !good)
    return tl::unexpected<Error>{good.error()};

  const auto object = Cbor::read(attestation.attestation_object);
  if (!object) return propagate(object.error(), "attestation object");
  const auto* carried = object->find("authData");
  if (carried == nullptr || carried->bytes() == nullptr)
    return fail(ErrorCode::malformed, "attestation lacks authenticator data");
  const auto data = read_authenticator_data(*carried->bytes());
  if (!data) return tl::unexpected<Error>{data.error()};
  if (auto good = check_authenticator_data(*data, rp.id); !good)
    return tl::unexpected<Error>{good.error()};
  if (data->credential_id.empty())
    return fail(ErrorCode::malformed, "registration has no credential");
  if (to_octets(data->credential_id) != attestation.credential_id)
    return refused("registration names another credential");

  const auto key = CoseKey::parse(data->cose_key);
  if (!key) return tl::unexpected<Error>{key.error()};
  const auto message = signed_octets(*carried->bytes(), attestation.client_data_json);
  if (auto good = check_attestation(*object, *key, message); !good)
    return tl::unexpected<Error>{good.error()};
  return Passkey{.credential_id = to_octets(data->credential_id),
                 .cose_key = to_octets(data->cose_key),
                 .sign_count = data->sign_count};
}

Result<std::uint32_t> verify_assertion(const AssertionCheck& check,
                                       const WebauthnAssertion& assertion) {
  if (auto good = check_client_data(assertion.client_data_json, "webauthn.get", check.challenge,
                                    check.origins);
      !good)
    return tl::unexpected<Error>{good.error()};
  const auto data = read_authenticator_data(assertion.authenticator_data);
  if (!data) return tl::unexpected<Error>{data.error()};
  if (auto good = check_authenticator_data(*data, check.rp_id); !good)
    return tl::unexpected<Error>{good.error()};

  const auto key = CoseKey::parse(check.cose_key);
  if (!key) return propagate(key.error(), "stored passkey");
  const auto message = signed_octets(assertion.authenticator_data, assertion.client_data_json);
  if (!key->verify(message, assertion.signature)) return refused("passkey's signature is wrong");

  // Section 7.2 step 21. A counter that stands still means two copies of one key.
  const bool counts = data->sign_count != 0 || check.sign_count != 0;
  if (counts && data->sign_count <= check.sign_count)
    return fail(ErrorCode::denied, "passkey's counter did not grow", "webauthn_cloned");
  return data->sign_count;
}

Json creation_options_json(const RelyingParty& rp, const CreationOptions& options) {
  const auto algorithm = [](std::int64_t id) {
    return Json::object({{"type", "public-key"}, {"alg", id}});
  };
  return Json::object(
      {{"challenge", codec::base64url(options.challenge)},
       {"rp", Json::object({{"id", rp.id}, {"name", rp.name}})},
       {"user", Json::object({{"id", codec::base64url(options.user_handle)},
                              {"name", options.login},
                              {"displayName", options.display_name}})},
       {"pubKeyCredParams", Json::array({algorithm(cose_es256), algorithm(cose_eddsa)})},
       {"timeout", browser_timeout_ms},
       {"attestation", "none"},
       {"authenticatorSelection",
        Json::object({{"residentKey", "discouraged"}, {"userVerification", "required"}})},
       {"excludeCredentials", descriptors(options.known)}});
}

Json request_options_json(const RelyingParty& rp, Bytes challenge,
                          const std::vector<Octets>& credential_ids) {
  return Json::object({{"challenge", codec::base64url(challenge)},
                       {"rpId", rp.id},
                       {"timeout", browser_timeout_ms},
                       {"userVerification", "required"},
                       {"allowCredentials", descriptors(credential_ids)}});
}

}  // namespace khien::identity
