// Signing in: password, then second factor. Answers say nothing about which logins exist: a wrong
// login, a wrong password and a locked account are one refusal that takes the same time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "identity/factor.h"
#include "identity/session.h"
#include "store/database.h"

namespace khien::identity {

struct SignInRequest {
  std::string_view login;
  std::string_view password;
  std::string_view
      client_prefix;  ///< the client's network, for the rate limit; kept in memory only
};

struct SignInStep {
  OpenedSession half;
  std::vector<FactorKind> factors;  ///< empty: set one up now (factor.h)
};

/// The first step. denied "bad_sign_in", or "password_expired" for a right one-time password that
/// is too old; limit_exceeded "too_many_attempts"; unavailable "busy". Blocks for about 0.1 s.
[[nodiscard]] Result<SignInStep> sign_in(store::Database& db, const Context& context,
                                         const SignInRequest& request);

/// The second step with six digits: a complete session with a new token. conflict "wrong_stage" if
/// `half` is complete already; denied "bad_factor"; limit_exceeded "too_many_attempts".
[[nodiscard]] Result<OpenedSession> complete_with_totp(store::Database& db, const Context& context,
                                                       const Session& half, std::string_view code);
/// PublicKeyCredentialRequestOptionsJSON for the second step with a passkey. conflict "no_factor"
/// without one.
[[nodiscard]] Result<codec::Json> passkey_options(store::Database& db, const Context& context,
                                                  const Session& half);
/// The second step with a passkey. denied "challenge_expired", "webauthn_refused",
/// "webauthn_cloned".
[[nodiscard]] Result<OpenedSession> complete_with_passkey(store::Database& db,
                                                          const Context& context,
                                                          const Session& half,
                                                          const WebauthnAssertion& assertion);

/// Shows the second factor again in a complete session, so that require_step_up() is content: the
/// token stays, and so do all other sessions' times. Errors as complete_with_totp().
[[nodiscard]] Result<void> step_up_with_totp(store::Database& db, const Context& context,
                                             const Session& session, std::string_view code);
/// The same with a passkey: options first, as passkey_options(), then the assertion, as
/// complete_with_passkey(). An assertion that was made for a sign-in is none for this.
[[nodiscard]] Result<codec::Json> step_up_options(store::Database& db, const Context& context,
                                                  const Session& session);
[[nodiscard]] Result<void> step_up_with_passkey(store::Database& db, const Context& context,
                                                const Session& session,
                                                const WebauthnAssertion& assertion);

struct PasswordChange {
  std::string_view old_password;
  std::string_view new_password;
};
/// Ends every other session of the account. denied "bad_password"; invalid_argument
/// "password_too_short", "password_too_long", "same_password"; limit_exceeded "too_many_attempts".
/// Leaf account.password_changed.
[[nodiscard]] Result<void> change_password(store::Database& db, const Context& context,
                                           const SignedIn& person, const PasswordChange& change);

}  // namespace khien::identity
