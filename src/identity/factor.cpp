#include "identity/factor.h"

#include "codec/base32.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "identity/leaf.h"
#include "identity/totp.h"
#include "text/normalise.h"

namespace khien::identity {
namespace {

constexpr std::string_view register_purpose = "register";
constexpr std::string_view totp_name = "Authenticator";

constexpr std::string_view sql_list =
    "SELECT id, kind, name, created_at_ms, used_at_ms FROM factor WHERE account_id = $1 "
    "AND confirmed_at_ms IS NOT NULL AND ended_at_ms IS NULL ORDER BY created_at_ms, id";
constexpr std::string_view sql_delete_unconfirmed =
    "DELETE FROM factor WHERE account_id = $1 AND confirmed_at_ms IS NULL";
constexpr std::string_view sql_insert_totp =
    "INSERT INTO factor (id, account_id, kind, name, created_at_ms, sealed_secret) "
    "VALUES ($1, $2, 'totp', $3, $4, $5)";
constexpr std::string_view sql_unconfirmed =
    "SELECT id, sealed_secret FROM factor WHERE account_id = $1 AND kind = 'totp' "
    "AND confirmed_at_ms IS NULL AND ended_at_ms IS NULL";
constexpr std::string_view sql_confirm =
    "UPDATE factor SET confirmed_at_ms = $2, used_at_ms = $2, last_step = $3 WHERE id = $1";
constexpr std::string_view sql_insert_passkey =
    "INSERT INTO factor (id, account_id, kind, name, created_at_ms, confirmed_at_ms, "
    "credential_id, "
    "cose_key, sign_count) VALUES ($1, $2, 'webauthn', $3, $4, $4, $5, $6, $7) "
    "ON CONFLICT DO NOTHING";
constexpr std::string_view sql_end_one =
    "UPDATE factor SET ended_at_ms = $3, sealed_secret = NULL WHERE id = $1 AND account_id = $2 "
    "AND confirmed_at_ms IS NOT NULL AND ended_at_ms IS NULL";
constexpr std::string_view sql_end_all =
    "UPDATE factor SET ended_at_ms = $2, sealed_secret = NULL WHERE account_id = $1 "
    "AND ended_at_ms IS NULL";
constexpr std::string_view sql_totp =
    "SELECT id, sealed_secret, last_step FROM factor WHERE account_id = $1 AND kind = 'totp' "
    "AND confirmed_at_ms IS NOT NULL AND ended_at_ms IS NULL ORDER BY created_at_ms, id";
constexpr std::string_view sql_use_step =
    "UPDATE factor SET last_step = $2, used_at_ms = $3 WHERE id = $1 AND ended_at_ms IS NULL "
    "AND (last_step IS NULL OR last_step < $2)";
constexpr std::string_view sql_passkeys =
    "SELECT id, credential_id, cose_key, sign_count FROM factor WHERE account_id = $1 "
    "AND kind = 'webauthn' AND ended_at_ms IS NULL ORDER BY created_at_ms, id";
constexpr std::string_view sql_use_passkey =
    "UPDATE factor SET sign_count = $2, used_at_ms = $3 WHERE id = $1";

std::string seal_context(const std::string& factor_id) { return "totp:" + factor_id; }

tl::unexpected<Error> bad_factor() {
  return fail(ErrorCode::denied, "the code is wrong, used or too old", "bad_factor");
}

// Whoever knows only a password may set up the first factor of a new account, and nothing after it.
Result<void> check_may_add(store::Transaction& tx, const Context& context, const SignedIn& person) {
  const auto factors = list_factors(tx, person.session.account_id);
  if (!factors) return tl::unexpected<Error>{factors.error()};
  if (static_cast<std::int64_t>(factors->size()) >= factors_per_account_max)
    return fail(ErrorCode::limit_exceeded, "too many factors", "too_many_factors");
  if (person.session.stage == SessionStage::complete)
    return require_step_up(person.actor, context.clock);
  if (!factors->empty())
    return fail(ErrorCode::denied, "sign in with the factor that the account has", "factor_needed");
  return {};
}

Result<std::optional<OpenedSession>> finish(store::Transaction& tx, const Context& context,
                                            const SignedIn& person) {
  if (person.session.stage == SessionStage::complete) return std::optional<OpenedSession>{};
  auto opened = complete_session(tx, context, person.session);
  if (!opened) return tl::unexpected<Error>{opened.error()};
  return std::optional{std::move(*opened)};
}

Result<void> record_added(store::Transaction& tx, const Context& context, const AccountId& account,
                          const FactorId& factor, FactorKind kind, std::string key_hash) {
  std::vector<ledger::LeafField> fields{{"account", account.value},
                                        {"credential", factor.value},
                                        {"kind", std::string{to_string(kind)}}};
  // The hash of a passkey's public key lets anyone tie a signature to the account that made it.
  if (!key_hash.empty()) fields.push_back({"sha256", std::move(key_hash)});
  return record(tx, context, "account.factor_added", std::move(fields));
}

}  // namespace

std::string_view to_string(FactorKind kind) noexcept {
  return kind == FactorKind::totp ? "totp" : "webauthn";
}

std::optional<FactorKind> parse_factor_kind(std::string_view id) noexcept {
  if (id == "totp") return FactorKind::totp;
  if (id == "webauthn") return FactorKind::webauthn;
  return std::nullopt;
}

Result<std::vector<Factor>> list_factors(store::Executor& db, const AccountId& account) {
  auto rows = db.query(sql_list, {account});
  if (!rows) return propagate(std::move(rows).error(), "list factors");
  std::vector<Factor> factors;
  for (const auto& row : *rows) {
    factors.push_back(Factor{.id = FactorId{row.text(0)},
                             .kind = parse_factor_kind(row.text(1)).value_or(FactorKind::totp),
                             .name = row.text(2),
                             .created_at_ms = row.integer(3),
                             .used_at_ms = row.optional_integer(4)});
  }
  return factors;
}

Result<TotpSetup> begin_totp(store::Transaction& tx, const Context& context,
                             const SignedIn& person) {
  if (auto good = check_may_add(tx, context, person); !good)
    return tl::unexpected<Error>{good.error()};
  const AccountId& account = person.session.account_id;
  auto cleared = tx.execute(sql_delete_unconfirmed, {account});
  if (!cleared) return propagate(std::move(cleared).error(), "begin TOTP");

  auto secret = new_totp_secret(context.rng);
  const auto id = FactorId::make(context.clock, context.rng);
  const auto sealed = crypto::seal(context.seal_key, secret, seal_context(id.value), context.rng);
  auto added =
      tx.execute(sql_insert_totp, {id, account, totp_name, context.clock.now_ms(), sealed});
  if (!added) return propagate(std::move(added).error(), "begin TOTP");
  TotpSetup setup{.secret = codec::base32(secret),
                  .uri = totp_uri(secret, context.rp.name, person.login)};
  crypto::wipe(secret);
  return setup;
}

Result<std::optional<OpenedSession>> confirm_totp(store::Transaction& tx, const Context& context,
                                                  const SignedIn& person, std::string_view code) {
  if (auto good = check_may_add(tx, context, person); !good)
    return tl::unexpected<Error>{good.error()};
  const AccountId& account = person.session.account_id;
  auto row = tx.query_one(sql_unconfirmed, {account});
  if (!row) return propagate(std::move(row).error(), "confirm TOTP");
  if (!row->has_value())
    return fail(ErrorCode::conflict, "no set-up of TOTP was begun", "no_setup");
  if (auto allowed = context.limits.before_factor(account.value, context.clock); !allowed)
    return tl::unexpected<Error>{allowed.error()};

  const FactorId id{(*row)->text(0)};
  auto secret = crypto::open(context.seal_key, (*row)->octets(1), seal_context(id.value));
  if (!secret) return propagate(std::move(secret).error(), "open TOTP secret");
  const InstantMs now = context.clock.now_ms();
  const auto step = match_totp(*secret, code, now, std::nullopt);
  crypto::wipe(*secret);
  if (!step) return bad_factor();
  context.limits.factor_was_good(account.value);
  auto confirmed = tx.execute(sql_confirm, {id, now, *step});
  if (!confirmed) return propagate(std::move(confirmed).error(), "confirm TOTP");
  if (auto noted = record_added(tx, context, account, id, FactorKind::totp, ""); !noted)
    return tl::unexpected<Error>{noted.error()};
  return finish(tx, context, person);
}

Result<codec::Json> begin_passkey(store::Transaction& tx, const Context& context,
                                  const SignedIn& person) {
  if (auto good = check_may_add(tx, context, person); !good)
    return tl::unexpected<Error>{good.error()};
  const auto known = list_passkeys(tx, person.session.account_id);
  if (!known) return tl::unexpected<Error>{known.error()};
  std::vector<Octets> ids;
  for (const auto& passkey : *known) ids.push_back(passkey.credential_id);

  Octets challenge(webauthn_challenge_size);
  context.rng.fill(challenge);
  const InstantMs until = context.clock.now_ms() + webauthn_challenge_life_ms;
  if (auto put = put_challenge(tx, person.session.id, register_purpose, challenge, until); !put)
    return tl::unexpected<Error>{put.error()};
  return creation_options_json(context.rp,
                               {.challenge = challenge,
                                .user_handle = as_bytes(person.session.account_id.value),
                                .login = person.login,
                                .display_name = person.actor.name,
                                .known = ids});
}

Result<std::optional<OpenedSession>> confirm_passkey(store::Transaction& tx, const Context& context,
                                                     const SignedIn& person, std::string_view name,
                                                     const WebauthnAttestation& attestation) {
  if (auto good = check_may_add(tx, context, person); !good)
    return tl::unexpected<Error>{good.error()};
  const auto shown = text::clean_line(name, factor_name_size_max);
  if (!shown) return propagate(shown.error(), "name of the passkey");
  const auto challenge = take_challenge(tx, context, person.session.id, register_purpose);
  if (!challenge) return tl::unexpected<Error>{challenge.error()};
  const auto passkey = verify_registration(context.rp, *challenge, attestation);
  if (!passkey) return tl::unexpected<Error>{passkey.error()};

  const AccountId& account = person.session.account_id;
  const auto id = FactorId::make(context.clock, context.rng);
  auto added = tx.execute(sql_insert_passkey,
                          {id, account, *shown, context.clock.now_ms(), passkey->credential_id,
                           passkey->cose_key, passkey->sign_count});
  if (!added) return propagate(std::move(added).error(), "keep passkey");
  if (*added == 0)
    return fail(ErrorCode::conflict, "this passkey is registered already", "passkey_known");
  const auto key_hash = codec::hex(crypto::sha256(passkey->cose_key));
  if (auto noted = record_added(tx, context, account, id, FactorKind::webauthn, key_hash); !noted)
    return tl::unexpected<Error>{noted.error()};
  return finish(tx, context, person);
}

Result<void> remove_factor(store::Transaction& tx, const Context& context, const SignedIn& person,
                           const FactorId& factor) {
  if (auto fresh = require_step_up(person.actor, context.clock); !fresh) return fresh;
  const AccountId& account = person.session.account_id;
  const auto factors = list_factors(tx, account);
  if (!factors) return tl::unexpected<Error>{factors.error()};
  auto ended = tx.execute(sql_end_one, {factor, account, context.clock.now_ms()});
  if (!ended) return propagate(std::move(ended).error(), "remove factor");
  if (*ended == 0) return fail(ErrorCode::not_found, "no such factor");
  // The transaction is rolled back with this error, so the factor stays.
  if (factors->size() == 1)
    return fail(ErrorCode::conflict, "the last factor stays", "last_factor");
  return record(tx, context, "account.factor_removed",
                {{"account", account.value}, {"credential", factor.value}});
}

Result<std::int64_t> end_factors(store::Transaction& tx, const Context& context,
                                 const AccountId& account) {
  auto ended = tx.execute(sql_end_all, {account, context.clock.now_ms()});
  if (!ended) return propagate(std::move(ended).error(), "end factors");
  return *ended;
}

Result<std::vector<StoredPasskey>> list_passkeys(store::Executor& db, const AccountId& account) {
  auto rows = db.query(sql_passkeys, {account});
  if (!rows) return propagate(std::move(rows).error(), "list passkeys");
  std::vector<StoredPasskey> passkeys;
  for (const auto& row : *rows) {
    passkeys.push_back(StoredPasskey{
        .id = FactorId{row.text(0)}, .credential_id = row.octets(1), .cose_key = row.octets(2)});
  }
  return passkeys;
}

Result<FactorId> use_totp(store::Transaction& tx, const Context& context, const AccountId& account,
                          std::string_view code) {
  if (auto allowed = context.limits.before_factor(account.value, context.clock); !allowed)
    return tl::unexpected<Error>{allowed.error()};
  auto rows = tx.query(sql_totp, {account});
  if (!rows) return propagate(std::move(rows).error(), "find authenticator");
  const InstantMs now = context.clock.now_ms();
  for (const auto& row : *rows) {
    const FactorId id{row.text(0)};
    auto secret = crypto::open(context.seal_key, row.octets(1), seal_context(id.value));
    if (!secret) return propagate(std::move(secret).error(), "open TOTP secret");
    const auto step = match_totp(*secret, code, now, row.optional_integer(2));
    crypto::wipe(*secret);
    if (!step) continue;
    auto used = tx.execute(sql_use_step, {id, *step, now});
    if (!used) return propagate(std::move(used).error(), "use code");
    if (*used == 0) return bad_factor();  // another request used this step first
    context.limits.factor_was_good(account.value);
    return id;
  }
  return bad_factor();
}

Result<StoredPasskey> use_passkey(store::Transaction& tx, const Context& context,
                                  const AccountId& account, Bytes challenge,
                                  const WebauthnAssertion& assertion) {
  auto rows = tx.query(sql_passkeys, {account});
  if (!rows) return propagate(std::move(rows).error(), "find passkey");
  for (const auto& row : *rows) {
    if (row.octets(1) != assertion.credential_id) continue;
    StoredPasskey passkey{
        .id = FactorId{row.text(0)}, .credential_id = row.octets(1), .cose_key = row.octets(2)};
    const auto sign_count =
        verify_assertion({.rp_id = context.rp.id,
                          .origins = context.rp.origins,
                          .challenge = challenge,
                          .cose_key = passkey.cose_key,
                          .sign_count = static_cast<std::uint32_t>(row.integer(3))},
                         assertion);
    if (!sign_count) return tl::unexpected<Error>{sign_count.error()};
    auto used = tx.execute(sql_use_passkey, {passkey.id, *sign_count, context.clock.now_ms()});
    if (!used) return propagate(std::move(used).error(), "use passkey");
    return passkey;
  }
  return fail(ErrorCode::denied, "not a passkey of this account", "webauthn_refused");
}

}  // namespace khien::identity
