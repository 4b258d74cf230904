// Sessions: a random 256-bit token in a cookie, its SHA-256 in the database. A session is half
// after the password and complete after the second factor; completing it makes a new token, so that
// a token planted before sign-in opens nothing. No client address is kept.
#pragma once

#include <string>
#include <string_view>

#include "identity/actor.h"
#include "identity/context.h"
#include "store/database.h"

namespace khien::identity {

constexpr std::int64_t session_life_ms = 12 * ms_per_hour;
constexpr std::int64_t session_idle_ms = 30 * ms_per_minute;
constexpr std::int64_t half_session_life_ms = 10 * ms_per_minute;
/// Use is noted at most this often, so that reading a page does not write a row each time.
constexpr std::int64_t session_touch_ms = ms_per_minute;
constexpr int sessions_per_account_max = 10;  // a further sign-in ends the oldest
/// Changes of accounts and factors ask for a second factor shown within this time.
constexpr std::int64_t step_up_life_ms = 30 * ms_per_minute;

enum class SessionStage : std::uint8_t { half, complete };

struct Session {
  SessionId id;
  AccountId account_id;
  SessionStage stage = SessionStage::half;
  InstantMs expires_at_ms = 0;  ///< absolute; idling ends it earlier
  InstantMs factor_at_ms = 0;   ///< 0 while half
  std::string csrf_token;       ///< what X-CSRF-Token must carry
};

/// A session that was just made: `token` goes into the cookie (HttpOnly, SameSite=Strict, Secure
/// where there is TLS) and nowhere else.
struct OpenedSession {
  Session session;
  std::string token;
};

/// Who stands behind a cookie.
struct SignedIn {
  Session session;
  Actor actor;  ///< without roles while the session is half
  std::string login;
  std::string language;
};

/// Finds the session of `token` and notes its use. denied with reason "not_signed_in" (no such
/// session, or the account is locked) or "session_expired"; answer both with 401. One read, and one
/// write a minute.
[[nodiscard]] Result<SignedIn> resolve_session(store::Database& db, const Context& context,
                                               std::string_view token);

/// denied "csrf" unless `header` is the session's token; compares in constant time.
[[nodiscard]] Result<void> check_csrf(const Session& session, std::string_view header);

/// denied "step_up_needed" unless the second factor was shown within step_up_life_ms.
[[nodiscard]] Result<void> require_step_up(const Actor& actor, const Clock& clock);

/// Ends one session; ending one that is over is no error.
[[nodiscard]] Result<void> sign_out(store::Transaction& tx, const Context& context,
                                    const SessionId& session);
/// Ends all sessions of an account but `except` (which may be empty). Gives how many.
[[nodiscard]] Result<std::int64_t> end_sessions(store::Transaction& tx, const Context& context,
                                                const AccountId& account, const SessionId& except);
/// Deletes what ended more than a day ago, at most 1,000 rows a call: for a timer. Gives how many.
[[nodiscard]] Result<std::int64_t> delete_old_sessions(store::Transaction& tx,
                                                       const Context& context);

// ---- for sign_in.h and factor.h, which have checked the person ----------------------------------

/// Makes a session.
[[nodiscard]] Result<OpenedSession> open_session(store::Transaction& tx, const Context& context,
                                                 const AccountId& account, SessionStage stage);
/// Ends a half session and opens the complete one in its place. conflict "wrong_stage".
[[nodiscard]] Result<OpenedSession> complete_session(store::Transaction& tx, const Context& context,
                                                     const Session& half);
/// Keeps `challenge` for a passkey ceremony of this session; a new one replaces it.
[[nodiscard]] Result<void> put_challenge(store::Transaction& tx, const SessionId& session,
                                         std::string_view purpose, Bytes challenge,
                                         InstantMs until_ms);
/// Takes it out again, once. denied "challenge_expired" if there is none for this purpose.
[[nodiscard]] Result<Octets> take_challenge(store::Transaction& tx, const Context& context,
                                            const SessionId& session, std::string_view purpose);

}  // namespace khien::identity
