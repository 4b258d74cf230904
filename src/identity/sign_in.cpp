#include "identity/sign_in.h"

#include <algorithm>

#include "codec/crockford.h"
#include "identity/account.h"
#include "identity/leaf.h"

namespace khien::identity {
namespace {

constexpr std::string_view sign_in_purpose = "sign_in";
constexpr std::string_view step_up_purpose = "step_up";

constexpr std::string_view sql_password =
    "SELECT id, password_hash, password_one_time_until_ms, locked FROM account WHERE login = $1";
constexpr std::string_view sql_password_by_id =
    "SELECT id, password_hash, password_one_time_until_ms, locked FROM account WHERE id = $1";
constexpr std::string_view sql_set_password =
    "UPDATE account SET password_hash = $2, password_one_time_until_ms = NULL WHERE id = $1 "
    "AND password_hash = $3";
constexpr std::string_view sql_is_still_open =
    "SELECT 1 FROM account WHERE id = $1 AND password_hash = $2 AND locked = 0";
constexpr std::string_view sql_step_up =
    "UPDATE session SET factor_at_ms = $2 WHERE id = $1 AND ended_at_ms IS NULL AND stage = "
    "'complete'";

struct PasswordRow {
  AccountId id;
  std::string hash;
  std::optional<InstantMs> one_time_until_ms;
  bool locked;
};

Result<std::optional<PasswordRow>> find_password(store::Database& db, std::string_view sql,
                                                 std::string_view key) {
  return db.read([&](store::Executor& executor) -> Result<std::optional<PasswordRow>> {
    auto row = executor.query_one(sql, {key});
    if (!row) return propagate(std::move(row).error(), "find password");
    if (!row->has_value()) return std::optional<PasswordRow>{};
    return std::optional{PasswordRow{.id = AccountId{(*row)->text(0)},
                                     .hash = (*row)->text(1),
                                     .one_time_until_ms = (*row)->optional_integer(2),
                                     .locked = (*row)->integer(3) != 0}};
  });
}

// One-time passwords are codes: read as people type them, and checked at a low cost, so the work of
// a chosen password is done beside it to take the same time.
Result<bool> verify(const Context& context, const PasswordRow& row, std::string_view password) {
  if (!row.one_time_until_ms) return context.passwords.verify(row.hash, password);
  if (auto same_time = context.passwords.verify_nobody(password); !same_time) return same_time;
  const auto code = codec::normalise_code(password);
  return code && crypto::verify_password(row.hash, *code);
}

// The labels are our own reason words, a closed set; no login or address is ever one.
template <typename T>
Result<T> counted(const Context& context, std::string_view step, Result<T> result) {
  if (context.metrics == nullptr) return result;
  const std::string_view outcome = result                          ? std::string_view{"good"}
                                   : result.error().reason.empty() ? to_string(result.error().code)
                                                                   : result.error().reason;
  context.metrics
      ->counter("khien_sign_in_steps_total", "Steps of signing in, by outcome",
                "step=\"" + std::string{step} + "\",outcome=\"" + std::string{outcome} + "\"")
      .add();
  return result;
}

tl::unexpected<Error> bad_sign_in() {
  return fail(ErrorCode::denied, "login or password is wrong, or the account is locked",
              "bad_sign_in");
}

Result<PasswordRow> check_password(store::Database& db, const Context& context,
                                   const SignInRequest& request) {
  const bool possible = is_login(request.login);
  const auto row = possible ? find_password(db, sql_password, request.login)
                            : Result<std::optional<PasswordRow>>{std::nullopt};
  if (!row) return tl::unexpected<Error>{row.error()};
  const auto good = row->has_value() ? verify(context, **row, request.password)
                                     : context.passwords.verify_nobody(request.password);
  if (!good) return tl::unexpected<Error>{good.error()};
  if (!*good || (*row)->locked) return bad_sign_in();
  return **row;
}

// The new hash for a password whose hash was made at another cost; empty if there is none to make.
std::string rehashed(const Context& context, const PasswordRow& row, std::string_view password) {
  if (row.one_time_until_ms || !context.passwords.needs_rehash(row.hash)) return {};
  return context.passwords.hash(password).value_or("");
}

Result<SignInStep> check_first_step(store::Database& db, const Context& context,
                                    const SignInRequest& request) {
  // Counted by what a login can be, so that long garbage does not fill the buckets.
  const auto counted_as = is_login(request.login) ? request.login : std::string_view{"?"};
  if (auto allowed =
          context.limits.before_password(counted_as, request.client_prefix, context.clock);
      !allowed)
    return tl::unexpected<Error>{allowed.error()};
  const auto row = check_password(db, context, request);
  if (!row) return tl::unexpected<Error>{row.error()};
  if (row->one_time_until_ms && context.clock.now_ms() >= *row->one_time_until_ms)
    return fail(ErrorCode::denied, "the one-time password is too old", "password_expired");
  context.limits.password_was_good(request.login);

  const auto new_hash = rehashed(context, *row, request.password);
  return db.transact([&](store::Transaction& tx) -> Result<SignInStep> {
    // The password was checked outside this transaction: it must still be the one.
    auto open = tx.query_one(sql_is_still_open, {row->id, row->hash});
    if (!open) return propagate(std::move(open).error(), "sign in");
    if (!open->has_value()) return bad_sign_in();
    if (!new_hash.empty()) {
      auto set = tx.execute(sql_set_password, {row->id, new_hash, row->hash});
      if (!set) return propagate(std::move(set).error(), "hash password anew");
    }
    auto half = open_session(tx, context, row->id, SessionStage::half);
    if (!half) return tl::unexpected<Error>{half.error()};
    const auto factors = list_factors(tx, row->id);
    if (!factors) return tl::unexpected<Error>{factors.error()};
    SignInStep step{.half = std::move(*half), .factors = {}};
    for (const auto& factor : *factors) {
      if (std::find(step.factors.begin(), step.factors.end(), factor.kind) == step.factors.end())
        step.factors.push_back(factor.kind);
    }
    return step;
  });
}

Result<codec::Json> options_for(store::Database& db, const Context& context, const Session& session,
                                std::string_view purpose) {
  return db.transact([&](store::Transaction& tx) -> Result<codec::Json> {
    const auto passkeys = list_passkeys(tx, session.account_id);
    if (!passkeys) return tl::unexpected<Error>{passkeys.error()};
    if (passkeys->empty())
      return fail(ErrorCode::conflict, "the account has no passkey", "no_factor");
    std::vector<Octets> ids;
    for (const auto& passkey : *passkeys) ids.push_back(passkey.credential_id);
    Octets challenge(webauthn_challenge_size);
    context.rng.fill(challenge);
    const InstantMs until = context.clock.now_ms() + webauthn_challenge_life_ms;
    if (auto put = put_challenge(tx, session.id, purpose, challenge, until); !put)
      return tl::unexpected<Error>{put.error()};
    return request_options_json(context.rp, challenge, ids);
  });
}

Result<void> note_step_up(store::Transaction& tx, const Context& context, const Session& session) {
  auto noted = tx.execute(sql_step_up, {session.id, context.clock.now_ms()});
  if (!noted) return propagate(std::move(noted).error(), "step up");
  if (*noted == 0) return fail(ErrorCode::conflict, "session is not complete", "wrong_stage");
  return {};
}

}  // namespace

Result<SignInStep> sign_in(store::Database& db, const Context& context,
                           const SignInRequest& request) {
  return counted(context, "password", check_first_step(db, context, request));
}

Result<OpenedSession> complete_with_totp(store::Database& db, const Context& context,
                                         const Session& half, std::string_view code) {
  auto opened = db.transact([&](store::Transaction& tx) -> Result<OpenedSession> {
    const auto used = use_totp(tx, context, half.account_id, code);
    if (!used) return tl::unexpected<Error>{used.error()};
    return complete_session(tx, context, half);
  });
  return counted(context, "totp", std::move(opened));
}

Result<codec::Json> passkey_options(store::Database& db, const Context& context,
                                    const Session& half) {
  return options_for(db, context, half, sign_in_purpose);
}

Result<OpenedSession> complete_with_passkey(store::Database& db, const Context& context,
                                            const Session& half,
                                            const WebauthnAssertion& assertion) {
  auto opened = db.transact([&](store::Transaction& tx) -> Result<OpenedSession> {
    const auto challenge = take_challenge(tx, context, half.id, sign_in_purpose);
    if (!challenge) return tl::unexpected<Error>{challenge.error()};
    const auto used = use_passkey(tx, context, half.account_id, *challenge, assertion);
    if (!used) return tl::unexpected<Error>{used.error()};
    return complete_session(tx, context, half);
  });
  return counted(context, "webauthn", std::move(opened));
}

Result<void> step_up_with_totp(store::Database& db, const Context& context, const Session& session,
                               std::string_view code) {
  auto shown = db.transact([&](store::Transaction& tx) -> Result<void> {
    const auto used = use_totp(tx, context, session.account_id, code);
    if (!used) return tl::unexpected<Error>{used.error()};
    return note_step_up(tx, context, session);
  });
  return counted(context, "step_up", std::move(shown));
}

Result<codec::Json> step_up_options(store::Database& db, const Context& context,
                                    const Session& session) {
  return options_for(db, context, session, step_up_purpose);
}

Result<void> step_up_with_passkey(store::Database& db, const Context& context,
                                  const Session& session, const WebauthnAssertion& assertion) {
  auto shown = db.transact([&](store::Transaction& tx) -> Result<void> {
    const auto challenge = take_challenge(tx, context, session.id, step_up_purpose);
    if (!challenge) return tl::unexpected<Error>{challenge.error()};
    const auto used = use_passkey(tx, context, session.account_id, *challenge, assertion);
    if (!used) return tl::unexpected<Error>{used.error()};
    return note_step_up(tx, context, session);
  });
  return counted(context, "step_up", std::move(shown));
}

Result<void> change_password(store::Database& db, const Context& context, const SignedIn& person,
                             const PasswordChange& change) {
  const AccountId& account = person.session.account_id;
  if (auto allowed = context.limits.before_password(person.login, "", context.clock); !allowed)
    return allowed;
  const auto row = find_password(db, sql_password_by_id, account.value);
  if (!row) return tl::unexpected<Error>{row.error()};
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such account");
  const auto good = verify(context, **row, change.old_password);
  if (!good) return tl::unexpected<Error>{good.error()};
  if (!*good) return fail(ErrorCode::denied, "the old password is wrong", "bad_password");
  context.limits.password_was_good(person.login);
  if (change.old_password == change.new_password)
    return fail(ErrorCode::invalid_argument, "the new password is the old one", "same_password");
  const auto hash = context.passwords.hash(change.new_password);
  if (!hash) return tl::unexpected<Error>{hash.error()};

  return db.transact([&](store::Transaction& tx) -> Result<void> {
    auto set = tx.execute(sql_set_password, {account, *hash, (*row)->hash});
    if (!set) return propagate(std::move(set).error(), "change password");
    if (*set == 0)
      return fail(ErrorCode::conflict, "the password changed meanwhile", "wrong_state");
    auto ended = end_sessions(tx, context, account, person.session.id);
    if (!ended) return tl::unexpected<Error>{ended.error()};
    return record(tx, context, "account.password_changed", {{"account", account.value}});
  });
}

}  // namespace khien::identity
