#include "identity/signature.h"

#include <algorithm>

#include "codec/base64.h"
#include "codec/hex.h"
#include "identity/leaf.h"

namespace khien::identity {
namespace {

using codec::Json;

constexpr std::string_view statement_kind = "khien.totp-signature.1";
constexpr std::size_t proof_size_max = std::size_t{64} << 10;

constexpr std::string_view sql_insert_challenge =
    "INSERT INTO signature_challenge (id, account_id, session_id, purpose, record_id, digest, "
    "expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)";
constexpr std::string_view sql_challenge =
    "SELECT purpose, record_id, digest FROM signature_challenge WHERE id = $1 AND account_id = $2 "
    "AND session_id = $3 AND used_at_ms IS NULL AND expires_at_ms > $4";
constexpr std::string_view sql_use_challenge =
    "UPDATE signature_challenge SET used_at_ms = $2 WHERE id = $1 AND used_at_ms IS NULL";
constexpr std::string_view sql_insert =
    "INSERT INTO signature (id, challenge_id, account_id, unit, purpose, record_id, method, "
    "digest, "
    "signed_at_ms, factor_id, proof) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
constexpr std::string_view sql_load =
    "SELECT id, account_id, unit, purpose, record_id, method, digest, signed_at_ms, proof "
    "FROM signature WHERE id = $1";

tl::unexpected<Error> bad_signature(std::string message) {
  return fail(ErrorCode::denied, std::move(message), "bad_signature");
}

Result<SignatureRecord> record_of(const store::Row& row) {
  const auto method = parse_factor_kind(row.text(5));
  if (!method) return fail(ErrorCode::corrupt, "signature with an unknown method");
  return SignatureRecord{.id = SignatureId{row.text(0)},
                         .account_id = AccountId{row.text(1)},
                         .unit = row.text(2),
                         .purpose = row.text(3),
                         .record_id = row.text(4),
                         .method = *method,
                         .digest = row.text(6),
                         .signed_at_ms = row.integer(7)};
}

// What the server attests of a TOTP signature: every field of the record.
Json statement_of(const SignatureRecord& record) {
  return Json::object({{"kind", statement_kind},
                       {"id", record.id.value},
                       {"account_id", record.account_id.value},
                       {"unit", record.unit},
                       {"purpose", record.purpose},
                       {"record_id", record.record_id},
                       {"digest", record.digest},
                       {"signed_at_ms", record.signed_at_ms}});
}

struct Proven {
  FactorId factor;
  std::string proof;  // JSON
};

Result<Proven> prove_with_totp(store::Transaction& tx, const Context& context,
                               const SignatureRecord& record, std::string_view code) {
  const auto factor = use_totp(tx, context, record.account_id, code);
  if (!factor) return tl::unexpected<Error>{factor.error()};
  const auto statement = statement_of(record).canonical();
  if (!statement) return propagate(statement.error(), "attest signature");
  const auto signature = context.server_key.sign(as_bytes(*statement));
  const auto proof =
      Json::object({{"server_key", codec::base64url(context.server_key.public_key())},
                    {"server_signature", codec::base64url(signature)}});
  return Proven{.factor = *factor, .proof = proof.dump()};
}

Result<Proven> prove_with_passkey(store::Transaction& tx, const Context& context,
                                  const SignatureRecord& record, Bytes digest,
                                  const WebauthnAssertion& assertion) {
  const auto passkey = use_passkey(tx, context, record.account_id, digest, assertion);
  if (!passkey) return tl::unexpected<Error>{passkey.error()};
  const auto proof =
      Json::object({{"rp_id", context.rp.id},
                    {"cose_key", codec::base64url(passkey->cose_key)},
                    {"client_data_json", codec::base64url(assertion.client_data_json)},
                    {"authenticator_data", codec::base64url(assertion.authenticator_data)},
                    {"signature", codec::base64url(assertion.signature)}});
  return Proven{.factor = passkey->id, .proof = proof.dump()};
}

Result<Octets> octets_at(const Json& json, std::string_view key) {
  const auto text = json.text_at(key);
  if (!text) return tl::unexpected<Error>{text.error()};
  return codec::parse_base64url(*text);
}

Result<void> verify_totp(const SignatureRecord& record, const Json& proof,
                         const crypto::Ed25519PublicKey& server_key) {
  const auto key = octets_at(proof, "server_key");
  const auto signature = octets_at(proof, "server_signature");
  if (!key || !signature) return fail(ErrorCode::malformed, "proof lacks a member");
  if (!crypto::constant_time_equal(*key, server_key))
    return bad_signature("attested by another server");
  const auto statement = statement_of(record).canonical();
  if (!statement) return tl::unexpected<Error>{statement.error()};
  if (!crypto::ed25519_verify(server_key, as_bytes(*statement), *signature))
    return bad_signature("the server's attestation does not hold");
  return {};
}

Result<void> verify_passkey(const Json& proof, Bytes digest) {
  const auto rp_id = proof.text_at("rp_id");
  const auto cose_key = octets_at(proof, "cose_key");
  const auto client_data = octets_at(proof, "client_data_json");
  const auto data = octets_at(proof, "authenticator_data");
  const auto signature = octets_at(proof, "signature");
  if (!rp_id || !cose_key || !client_data || !data || !signature)
    return fail(ErrorCode::malformed, "proof lacks a member");
  const WebauthnAssertion assertion{.credential_id = {},
                                    .client_data_json = *client_data,
                                    .authenticator_data = *data,
                                    .signature = *signature};
  const std::vector<std::string> any_origin;
  const auto good = verify_assertion({.rp_id = *rp_id,
                                      .origins = any_origin,
                                      .challenge = digest,
                                      .cose_key = *cose_key,
                                      .sign_count = 0},
                                     assertion);
  if (!good) return bad_signature(good.error().message);
  return {};
}

Result<SignatureRecord> record_from(const Json& json) {
  const auto id = json.text_at("id");
  const auto account = json.text_at("account_id");
  const auto unit = json.text_at("unit");
  const auto purpose = json.text_at("purpose");
  const auto about = json.text_at("record_id");
  const auto method_id = json.text_at("method");
  const auto digest = json.text_at("digest");
  const auto signed_at = json.integer_at("signed_at_ms");
  if (!id || !account || !unit || !purpose || !about || !method_id || !digest || !signed_at)
    return fail(ErrorCode::malformed, "signature lacks a member");
  const auto method = parse_factor_kind(*method_id);
  if (!method) return fail(ErrorCode::malformed, "unknown method of signing");
  return SignatureRecord{.id = SignatureId{*id},
                         .account_id = AccountId{*account},
                         .unit = *unit,
                         .purpose = *purpose,
                         .record_id = *about,
                         .method = *method,
                         .digest = *digest,
                         .signed_at_ms = *signed_at};
}

}  // namespace

Result<SignatureChallenge> begin_signature(store::Transaction& tx, const Context& context,
                                           const Actor& actor, const SignatureDraft& draft) {
  if (draft.canonical.size() > signed_document_size_max)
    return fail(ErrorCode::limit_exceeded, "document is too large to sign", "document_too_large");
  const auto factors = list_factors(tx, actor.account_id);
  if (!factors) return tl::unexpected<Error>{factors.error()};
  if (factors->empty()) return fail(ErrorCode::conflict, "no second factor", "no_factor");

  SignatureChallenge challenge{.id = ChallengeId::make(context.clock, context.rng),
                               .digest = crypto::sha256(draft.canonical),
                               .factors = {},
                               .webauthn = {},
                               .expires_at_ms = context.clock.now_ms() + challenge_life_ms};
  for (const auto& factor : *factors) {
    if (std::find(challenge.factors.begin(), challenge.factors.end(), factor.kind) ==
        challenge.factors.end())
      challenge.factors.push_back(factor.kind);
  }
  const auto passkeys = list_passkeys(tx, actor.account_id);
  if (!passkeys) return tl::unexpected<Error>{passkeys.error()};
  if (!passkeys->empty()) {
    std::vector<Octets> ids;
    for (const auto& passkey : *passkeys) ids.push_back(passkey.credential_id);
    challenge.webauthn = request_options_json(context.rp, challenge.digest, ids);
  }
  auto added = tx.execute(sql_insert_challenge,
                          {challenge.id, actor.account_id, actor.session_id, draft.purpose,
                           draft.record_id, Bytes{challenge.digest}, challenge.expires_at_ms});
  if (!added) return propagate(std::move(added).error(), "begin signature");
  return challenge;
}

Result<SignatureRecord> sign(store::Transaction& tx, const Context& context, const Actor& actor,
                             const crypto::Sha256Digest& digest, const SecondFactorProof& proof) {
  const InstantMs now = context.clock.now_ms();
  auto row =
      tx.query_one(sql_challenge, {proof.challenge_id, actor.account_id, actor.session_id, now});
  if (!row) return propagate(std::move(row).error(), "find challenge");
  if (!row->has_value())
    return fail(ErrorCode::denied, "the challenge is over, used or not yours", "challenge_expired");
  if (!crypto::constant_time_equal((*row)->octets(2), digest))
    return fail(ErrorCode::conflict, "the document is not as it was shown", "changed_since_shown");

  const auto* code = std::get_if<std::string>(&proof.proof);
  SignatureRecord record{.id = SignatureId::make(context.clock, context.rng),
                         .account_id = actor.account_id,
                         .unit = actor.unit,
                         .purpose = (*row)->text(0),
                         .record_id = (*row)->text(1),
                         .method = code != nullptr ? FactorKind::totp : FactorKind::webauthn,
                         .digest = codec::hex(digest),
                         .signed_at_ms = now};
  const auto proven = code != nullptr
                          ? prove_with_totp(tx, context, record, *code)
                          : prove_with_passkey(tx, context, record, digest,
                                               std::get<WebauthnAssertion>(proof.proof));
  if (!proven) return tl::unexpected<Error>{proven.error()};
  auto used = tx.execute(sql_use_challenge, {proof.challenge_id, now});
  if (!used) return propagate(std::move(used).error(), "use challenge");
  auto added =
      tx.execute(sql_insert, {record.id, proof.challenge_id, record.account_id, record.unit,
                              record.purpose, record.record_id, to_string(record.method),
                              record.digest, record.signed_at_ms, proven->factor, proven->proof});
  if (!added) return propagate(std::move(added).error(), "keep signature");
  if (auto noted = identity::record(tx, context, "signature.made",
                                    {{"signature", record.id.value},
                                     {"account", record.account_id.value},
                                     {"action", record.purpose},
                                     {"item", record.record_id},
                                     {"method", std::string{to_string(record.method)}},
                                     {"document_sha256", record.digest}});
      !noted)
    return tl::unexpected<Error>{noted.error()};
  return record;
}

Result<SignatureRecord> load_signature(store::Executor& db, const SignatureId& id) {
  auto row = db.query_one(sql_load, {id});
  if (!row) return propagate(std::move(row).error(), "load signature");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such signature");
  return record_of(**row);
}

Result<Json> export_signature(store::Executor& db, const SignatureId& id) {
  auto row = db.query_one(sql_load, {id});
  if (!row) return propagate(std::move(row).error(), "export signature");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such signature");
  const auto record = record_of(**row);
  if (!record) return tl::unexpected<Error>{record.error()};
  const auto proof = Json::parse((*row)->text(8), {.size_max = proof_size_max});
  if (!proof) return fail(ErrorCode::corrupt, "proof of signature " + id.value + " is damaged");
  auto json = statement_of(*record);
  json.set("kind", "khien.signature.1");
  json.set("method", to_string(record->method));
  json.set("proof", *proof);
  return json;
}

Result<SignatureRecord> verify_signature(const Json& exported, std::string_view canonical,
                                         const crypto::Ed25519PublicKey& server_key) {
  auto record = record_from(exported);
  if (!record) return record;
  const auto proof = exported.object_at("proof");
  if (!proof) return tl::unexpected<Error>{proof.error()};
  const auto digest = crypto::sha256(canonical);
  if (codec::hex(digest) != record->digest) return bad_signature("signed over another document");
  const auto good = record->method == FactorKind::totp ? verify_totp(*record, *proof, server_key)
                                                       : verify_passkey(*proof, digest);
  if (!good) return tl::unexpected<Error>{good.error()};
  return record;
}

}  // namespace khien::identity
