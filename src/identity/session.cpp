#include "identity/session.h"

#include <array>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "identity/account.h"

namespace khien::identity {
namespace {

constexpr std::size_t token_size = 32;
constexpr std::size_t token_text_size = 43;  // base64url of 32 octets
constexpr std::int64_t deleted_per_call_max = 1'000;

constexpr std::string_view sql_insert =
    "INSERT INTO session (id, token_hash, account_id, stage, created_at_ms, seen_at_ms, "
    "expires_at_ms, factor_at_ms) VALUES ($1, $2, $3, $4, $5, $5, $6, $7)";
constexpr std::string_view sql_by_token =
    "SELECT s.id, s.account_id, s.stage, s.seen_at_ms, s.expires_at_ms, s.factor_at_ms, "
    "s.ended_at_ms, a.locked, a.unit, a.name, a.login, a.language "
    "FROM session s JOIN account a ON a.id = s.account_id WHERE s.token_hash = $1";
constexpr std::string_view sql_touch =
    "UPDATE session SET seen_at_ms = $2 WHERE id = $1 AND ended_at_ms IS NULL AND seen_at_ms < $2";
constexpr std::string_view sql_end =
    "UPDATE session SET ended_at_ms = $2, challenge = NULL, challenge_purpose = NULL, "
    "challenge_until_ms = NULL WHERE id = $1 AND ended_at_ms IS NULL";
constexpr std::string_view sql_end_all =
    "UPDATE session SET ended_at_ms = $2 WHERE account_id = $1 AND ended_at_ms IS NULL AND id <> "
    "$3";
constexpr std::string_view sql_end_oldest =
    "UPDATE session SET ended_at_ms = $2 WHERE id IN (SELECT id FROM session WHERE account_id = $1 "
    "AND ended_at_ms IS NULL AND expires_at_ms > $2 ORDER BY created_at_ms DESC, id DESC "
    "LIMIT 1000 OFFSET $3)";
constexpr std::string_view sql_delete_old =
    "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at_ms < $1 "
    "ORDER BY expires_at_ms LIMIT $2)";
constexpr std::string_view sql_delete_old_challenges =
    "DELETE FROM signature_challenge WHERE id IN (SELECT id FROM signature_challenge "
    "WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)";
constexpr std::string_view sql_put_challenge =
    "UPDATE session SET challenge = $2, challenge_purpose = $3, challenge_until_ms = $4 "
    "WHERE id = $1 AND ended_at_ms IS NULL";
constexpr std::string_view sql_challenge =
    "SELECT challenge FROM session WHERE id = $1 AND ended_at_ms IS NULL "
    "AND challenge_purpose = $2 AND challenge_until_ms > $3";
constexpr std::string_view sql_clear_challenge =
    "UPDATE session SET challenge = NULL, challenge_purpose = NULL, challenge_until_ms = NULL "
    "WHERE id = $1";
constexpr std::string_view sql_signed_in = "UPDATE account SET signed_in_at_ms = $2 WHERE id = $1";

std::string csrf_of(Bytes token) {
  return codec::base64url(crypto::hmac_sha256(token, as_bytes("khien csrf token 1")));
}

std::string_view stage_id(SessionStage stage) {
  return stage == SessionStage::half ? "half" : "complete";
}

tl::unexpected<Error> not_signed_in() {
  return fail(ErrorCode::denied, "no session", "not_signed_in");
}

Result<SignedIn> read_session(store::Executor& db, InstantMs now, Bytes token,
                              InstantMs& seen_at_ms) {
  auto row = db.query_one(sql_by_token, {Bytes{crypto::sha256(token)}});
  if (!row) return propagate(std::move(row).error(), "find session");
  if (!row->has_value() || !(*row)->is_null(6) || (*row)->integer(7) != 0) return not_signed_in();
  const auto& found = **row;
  seen_at_ms = found.integer(3);
  const bool idle = now - seen_at_ms > session_idle_ms;
  if (idle || now >= found.integer(4))
    return fail(ErrorCode::denied, "session is over", "session_expired");

  SignedIn person;
  person.session =
      Session{.id = SessionId{found.text(0)},
              .account_id = AccountId{found.text(1)},
              .stage = found.text(2) == "complete" ? SessionStage::complete : SessionStage::half,
              .expires_at_ms = found.integer(4),
              .factor_at_ms = found.integer(5),
              .csrf_token = csrf_of(token)};
  person.actor = Actor{.account_id = person.session.account_id,
                       .unit = found.text(8),
                       .name = found.text(9),
                       .session_id = person.session.id,
                       .factor_at_ms = person.session.factor_at_ms};
  person.login = found.text(10);
  person.language = found.text(11);
  if (person.session.stage == SessionStage::complete) {
    const auto roles = roles_at(db, person.session.account_id, now);
    if (!roles) return tl::unexpected<Error>{roles.error()};
    person.actor.roles = *roles;
  }
  return person;
}

}  // namespace

Result<SignedIn> resolve_session(store::Database& db, const Context& context,
                                 std::string_view token) {
  if (token.size() != token_text_size) return not_signed_in();
  const auto octets = codec::parse_base64url(token);
  if (!octets) return not_signed_in();

  const InstantMs now = context.clock.now_ms();
  InstantMs seen_at_ms = now;
  auto person = db.read(
      [&](store::Executor& executor) { return read_session(executor, now, *octets, seen_at_ms); });
  if (!person || now - seen_at_ms < session_touch_ms) return person;

  // If this does not work now, the next request does it: reading must not fail because writing
  // does.
  (void)db.transact(
      [&](store::Transaction& tx) { return tx.execute(sql_touch, {person->session.id, now}); });
  return person;
}

Result<void> check_csrf(const Session& session, std::string_view header) {
  if (crypto::constant_time_equal(session.csrf_token, header)) return {};
  return fail(ErrorCode::denied, "the CSRF token is missing or wrong", "csrf");
}

Result<void> require_step_up(const Actor& actor, const Clock& clock) {
  if (actor.factor_at_ms > 0 && clock.now_ms() - actor.factor_at_ms <= step_up_life_ms) return {};
  return fail(ErrorCode::denied, "show the second factor again", "step_up_needed");
}

Result<void> sign_out(store::Transaction& tx, const Context& context, const SessionId& session) {
  auto ended = tx.execute(sql_end, {session, context.clock.now_ms()});
  if (!ended) return propagate(std::move(ended).error(), "sign out");
  return {};
}

Result<std::int64_t> end_sessions(store::Transaction& tx, const Context& context,
                                  const AccountId& account, const SessionId& except) {
  auto ended = tx.execute(sql_end_all, {account, context.clock.now_ms(), except.value});
  if (!ended) return propagate(std::move(ended).error(), "end sessions");
  return *ended;
}

Result<std::int64_t> delete_old_sessions(store::Transaction& tx, const Context& context) {
  const InstantMs before = context.clock.now_ms() - ms_per_day;
  auto deleted = tx.execute(sql_delete_old, {before, deleted_per_call_max});
  if (!deleted) return propagate(std::move(deleted).error(), "delete old sessions");
  auto challenges = tx.execute(sql_delete_old_challenges, {before, deleted_per_call_max});
  if (!challenges) return propagate(std::move(challenges).error(), "delete old challenges");
  return *deleted + *challenges;
}

Result<OpenedSession> open_session(store::Transaction& tx, const Context& context,
                                   const AccountId& account, SessionStage stage) {
  std::array<std::uint8_t, token_size> token{};
  context.rng.fill(token);
  const InstantMs now = context.clock.now_ms();
  const bool half = stage == SessionStage::half;
  Session session{.id = SessionId::make(context.clock, context.rng),
                  .account_id = account,
                  .stage = stage,
                  .expires_at_ms = now + (half ? half_session_life_ms : session_life_ms),
                  .factor_at_ms = half ? 0 : now,
                  .csrf_token = csrf_of(token)};
  auto ended = tx.execute(sql_end_oldest, {account, now, sessions_per_account_max - 1});
  if (!ended) return propagate(std::move(ended).error(), "end oldest session");
  auto added =
      tx.execute(sql_insert, {session.id, Bytes{crypto::sha256(token)}, account, stage_id(stage),
                              now, session.expires_at_ms, session.factor_at_ms});
  if (!added) return propagate(std::move(added).error(), "open session");
  return OpenedSession{.session = std::move(session), .token = codec::base64url(token)};
}

Result<OpenedSession> complete_session(store::Transaction& tx, const Context& context,
                                       const Session& half) {
  if (half.stage != SessionStage::half)
    return fail(ErrorCode::conflict, "session is complete already", "wrong_stage");
  const InstantMs now = context.clock.now_ms();
  auto ended = tx.execute(sql_end, {half.id, now});
  if (!ended) return propagate(std::move(ended).error(), "end half session");
  if (*ended == 0) return not_signed_in();  // somebody else completed or ended it meanwhile
  auto noted = tx.execute(sql_signed_in, {half.account_id, now});
  if (!noted) return propagate(std::move(noted).error(), "note sign-in");
  return open_session(tx, context, half.account_id, SessionStage::complete);
}

Result<void> put_challenge(store::Transaction& tx, const SessionId& session,
                           std::string_view purpose, Bytes challenge, InstantMs until_ms) {
  auto put = tx.execute(sql_put_challenge, {session, challenge, purpose, until_ms});
  if (!put) return propagate(std::move(put).error(), "keep challenge");
  if (*put == 0) return not_signed_in();
  return {};
}

Result<Octets> take_challenge(store::Transaction& tx, const Context& context,
                              const SessionId& session, std::string_view purpose) {
  auto row = tx.query_one(sql_challenge, {session, purpose, context.clock.now_ms()});
  if (!row) return propagate(std::move(row).error(), "find challenge");
  if (!row->has_value())
    return fail(ErrorCode::denied, "no challenge is waiting", "challenge_expired");
  auto cleared = tx.execute(sql_clear_challenge, {session});
  if (!cleared) return propagate(std::move(cleared).error(), "use challenge");
  return (*row)->octets(0);
}

}  // namespace khien::identity
