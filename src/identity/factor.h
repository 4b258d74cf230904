// Second factors: authenticator apps (TOTP) and passkeys (WebAuthn). Set up in a half session while
// the account has none, later in a complete one with a fresh factor. TOTP secrets are sealed at
// rest; each time step works once. Every change writes a leaf.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "codec/json.h"
#include "identity/actor.h"
#include "identity/context.h"
#include "identity/session.h"
#include "store/executor.h"

namespace khien::identity {

struct FactorTag;
using FactorId = Id<FactorTag>;

enum class FactorKind : std::uint8_t { totp, webauthn };
[[nodiscard]] std::string_view to_string(FactorKind kind) noexcept;  ///< "totp", "webauthn"
[[nodiscard]] std::optional<FactorKind> parse_factor_kind(std::string_view id) noexcept;

constexpr std::int64_t factors_per_account_max = 8;
constexpr std::size_t factor_name_size_max = 64 * 4;  // octets
constexpr std::int64_t webauthn_challenge_life_ms = 5 * ms_per_minute;

struct Factor {
  FactorId id;
  FactorKind kind = FactorKind::totp;
  std::string name;
  InstantMs created_at_ms = 0;
  std::optional<InstantMs> used_at_ms;
};

/// The factors of an account that work, oldest first.
[[nodiscard]] Result<std::vector<Factor>> list_factors(store::Executor& db,
                                                       const AccountId& account);

struct TotpSetup {
  std::string secret;  ///< base32, shown this once
  std::string uri;     ///< otpauth://, for a QR picture
};
/// Begins (or begins anew) to set TOTP up; it works only after confirm_totp(). denied
/// "factor_needed" in a half session of an account that has a factor, "step_up_needed" in a
/// complete one whose factor is stale; limit_exceeded "too_many_factors".
[[nodiscard]] Result<TotpSetup> begin_totp(store::Transaction& tx, const Context& context,
                                           const SignedIn& person);
/// Finishes it with a first code. A half session becomes complete: the answer then holds the new
/// session and token. denied "bad_factor"; conflict "no_setup" if none was begun. Leaf
/// account.factor_added.
[[nodiscard]] Result<std::optional<OpenedSession>> confirm_totp(store::Transaction& tx,
                                                                const Context& context,
                                                                const SignedIn& person,
                                                                std::string_view code);

/// PublicKeyCredentialCreationOptionsJSON for the browser; errors as begin_totp().
[[nodiscard]] Result<codec::Json> begin_passkey(store::Transaction& tx, const Context& context,
                                                const SignedIn& person);
/// Finishes it; as confirm_totp(). denied "challenge_expired", "webauthn_refused"; conflict
/// "passkey_known" if it is registered already.
[[nodiscard]] Result<std::optional<OpenedSession>> confirm_passkey(
    store::Transaction& tx, const Context& context, const SignedIn& person, std::string_view name,
    const WebauthnAttestation& attestation);

/// Removes one of the person's own factors. conflict "last_factor" if it is the only one; denied
/// "step_up_needed". Leaf account.factor_removed.
[[nodiscard]] Result<void> remove_factor(store::Transaction& tx, const Context& context,
                                         const SignedIn& person, const FactorId& factor);

/// Ends all factors of an account: for account_change.h. Gives how many.
[[nodiscard]] Result<std::int64_t> end_factors(store::Transaction& tx, const Context& context,
                                               const AccountId& account);

// ---- checking a factor: for sign_in.h and signature.h -------------------------------------------

/// A passkey as it is kept.
struct StoredPasskey {
  FactorId id;
  Octets credential_id;
  Octets cose_key;
};
[[nodiscard]] Result<std::vector<StoredPasskey>> list_passkeys(store::Executor& db,
                                                               const AccountId& account);

/// Checks six digits against the account's authenticator apps and uses their step up. denied
/// "bad_factor"; limit_exceeded "too_many_attempts".
[[nodiscard]] Result<FactorId> use_totp(store::Transaction& tx, const Context& context,
                                        const AccountId& account, std::string_view code);
/// Checks an assertion over `challenge` by one of the account's passkeys and notes its counter.
[[nodiscard]] Result<StoredPasskey> use_passkey(store::Transaction& tx, const Context& context,
                                                const AccountId& account, Bytes challenge,
                                                const WebauthnAssertion& assertion);

}  // namespace khien::identity
