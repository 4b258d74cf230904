#include "identity/schema.h"

#include <array>

namespace khien::identity {
namespace {

constexpr std::string_view accounts = R"(
CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  email TEXT NOT NULL,
  language TEXT NOT NULL,
  locked {int64} NOT NULL DEFAULT 0,
  demo {int64} NOT NULL DEFAULT 0,
  password_hash TEXT NOT NULL,
  password_one_time_until_ms {int64},
  created_at_ms {int64} NOT NULL,
  created_by TEXT REFERENCES account (id),
  signed_in_at_ms {int64},
  CONSTRAINT account_locked CHECK (locked IN (0, 1)),
  CONSTRAINT account_demo CHECK (demo IN (0, 1)),
  CONSTRAINT account_language CHECK (language IN ('vi', 'en'))
) {strict};
{no_delete account}
{no_update account id, login, demo, created_at_ms, created_by}

CREATE TABLE account_change (
  id TEXT NOT NULL PRIMARY KEY,
  version {int64} NOT NULL DEFAULT 1,
  account_id TEXT NOT NULL REFERENCES account (id),
  kind TEXT NOT NULL,
  role TEXT,
  until_ms {int64},
  state TEXT NOT NULL DEFAULT 'pending',
  reason TEXT NOT NULL,
  proposed_by TEXT NOT NULL REFERENCES account (id),
  proposed_at_ms {int64} NOT NULL,
  decided_by TEXT REFERENCES account (id),
  decided_at_ms {int64},
  CONSTRAINT account_change_kind
    CHECK (kind IN ('grant_role', 'end_role', 'reset_factor', 'lock', 'unlock')),
  CONSTRAINT account_change_state CHECK (state IN ('pending', 'confirmed', 'refused', 'lapsed')),
  CONSTRAINT account_change_role CHECK ((role IS NOT NULL) = (kind IN ('grant_role', 'end_role'))),
  CONSTRAINT account_change_not_own CHECK (proposed_by <> account_id),
  CONSTRAINT account_change_not_decided_by_own
    CHECK (decided_by IS NULL OR decided_by <> account_id),
  CONSTRAINT account_change_two_people
    CHECK (state <> 'confirmed' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)),
  CONSTRAINT account_change_decided
    CHECK ((state = 'pending') = (decided_at_ms IS NULL))
) {strict};
CREATE UNIQUE INDEX account_change_one_pending ON account_change (account_id, kind, COALESCE(role, ''))
  WHERE state = 'pending';
CREATE INDEX account_change_by_state ON account_change (state, id);
{no_delete account_change}
{no_update account_change id, account_id, kind, role, until_ms, reason, proposed_by, proposed_at_ms}
{refuse account_change_final|UPDATE OF state ON account_change|OLD.state <> 'pending'}

CREATE TABLE role_grant (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  role TEXT NOT NULL,
  basis TEXT NOT NULL,
  change_id TEXT REFERENCES account_change (id),
  from_ms {int64} NOT NULL,
  until_ms {int64},
  ended_at_ms {int64},
  end_change_id TEXT REFERENCES account_change (id),
  CONSTRAINT role_grant_role CHECK (role IN ('administrator', 'intake', 'analyst', 'legal_reviewer',
    'approver', 'duty_operator', 'appeals_officer', 'evidence_custodian', 'auditor')),
  CONSTRAINT role_grant_basis CHECK (basis IN ('change', 'first_start', 'demo')),
  CONSTRAINT role_grant_by_two CHECK ((basis = 'change') = (change_id IS NOT NULL)),
  CONSTRAINT role_grant_end_by_two CHECK ((ended_at_ms IS NULL) = (end_change_id IS NULL)),
  CONSTRAINT role_grant_period CHECK (until_ms IS NULL OR until_ms > from_ms)
) {strict};
CREATE INDEX role_grant_by_account ON role_grant (account_id, from_ms);
{no_delete role_grant}
{no_update role_grant id, account_id, role, basis, change_id, from_ms, until_ms}
{refuse role_grant_end_once|UPDATE OF ended_at_ms ON role_grant|OLD.ended_at_ms IS NOT NULL}
)";

// A TOTP row without confirmed_at_ms is a set-up in progress. Ended rows stay, so that an old
// signature still finds its passkey; their secrets are gone.
constexpr std::string_view factors = R"(
CREATE TABLE factor (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at_ms {int64} NOT NULL,
  confirmed_at_ms {int64},
  used_at_ms {int64},
  ended_at_ms {int64},
  sealed_secret {octets},
  last_step {int64},
  credential_id {octets},
  cose_key {octets},
  sign_count {int64},
  CONSTRAINT factor_kind CHECK (kind IN ('totp', 'webauthn')),
  CONSTRAINT factor_totp CHECK (kind <> 'totp' OR sealed_secret IS NOT NULL OR ended_at_ms IS NOT NULL),
  CONSTRAINT factor_webauthn CHECK (kind <> 'webauthn' OR
    (credential_id IS NOT NULL AND cose_key IS NOT NULL AND sign_count IS NOT NULL))
) {strict};
CREATE INDEX factor_by_account ON factor (account_id, created_at_ms);
CREATE UNIQUE INDEX factor_credential ON factor (credential_id) WHERE credential_id IS NOT NULL;
{no_update factor id, account_id, kind, created_at_ms, credential_id, cose_key}
{refuse factor_step_grows|UPDATE OF last_step ON factor|OLD.last_step IS NOT NULL AND NEW.last_step <= OLD.last_step}
{refuse factor_ends_once|UPDATE OF ended_at_ms ON factor|OLD.ended_at_ms IS NOT NULL}
)";

constexpr std::string_view sessions = R"(
CREATE TABLE session (
  id TEXT NOT NULL PRIMARY KEY,
  token_hash {octets} NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES account (id),
  stage TEXT NOT NULL,
  created_at_ms {int64} NOT NULL,
  seen_at_ms {int64} NOT NULL,
  expires_at_ms {int64} NOT NULL,
  factor_at_ms {int64} NOT NULL,
  ended_at_ms {int64},
  challenge {octets},
  challenge_purpose TEXT,
  challenge_until_ms {int64},
  CONSTRAINT session_stage CHECK (stage IN ('half', 'complete')),
  CONSTRAINT session_factor CHECK ((stage = 'complete') = (factor_at_ms > 0)),
  CONSTRAINT session_challenge CHECK ((challenge IS NULL) = (challenge_purpose IS NULL)
    AND (challenge IS NULL) = (challenge_until_ms IS NULL))
) {strict};
CREATE INDEX session_by_account ON session (account_id, created_at_ms);
CREATE INDEX session_by_expiry ON session (expires_at_ms);
{no_update session id, token_hash, account_id, stage, created_at_ms, expires_at_ms}
)";

constexpr std::string_view signatures = R"(
CREATE TABLE signature_challenge (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  session_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  record_id TEXT NOT NULL,
  digest {octets} NOT NULL,
  expires_at_ms {int64} NOT NULL,
  used_at_ms {int64}
) {strict};
CREATE INDEX signature_challenge_by_expiry ON signature_challenge (expires_at_ms);
{no_update signature_challenge id, account_id, session_id, purpose, record_id, digest, expires_at_ms}
{refuse signature_challenge_once|UPDATE OF used_at_ms ON signature_challenge|OLD.used_at_ms IS NOT NULL}

CREATE TABLE signature (
  id TEXT NOT NULL PRIMARY KEY,
  challenge_id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES account (id),
  unit TEXT NOT NULL,
  purpose TEXT NOT NULL,
  record_id TEXT NOT NULL,
  method TEXT NOT NULL,
  digest TEXT NOT NULL,
  signed_at_ms {int64} NOT NULL,
  factor_id TEXT NOT NULL REFERENCES factor (id),
  proof TEXT NOT NULL,
  CONSTRAINT signature_method CHECK (method IN ('totp', 'webauthn'))
) {strict};
CREATE INDEX signature_by_record ON signature (record_id, signed_at_ms);
{append_only signature}
)";

// Break-glass (rescue.h): what was done by whoever has the server, never deleted.
constexpr std::string_view rescues = R"(
CREATE TABLE account_rescue (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  reason TEXT NOT NULL,
  at_ms {int64} NOT NULL,
  until_ms {int64} NOT NULL,
  CONSTRAINT account_rescue_is_timed CHECK (until_ms > at_ms AND until_ms <= at_ms + 3600000)
) {strict};
{append_only account_rescue}
)";

constexpr std::array all{
    store::Migration{.number = 1, .name = "accounts", .sql = accounts},
    store::Migration{.number = 2, .name = "factors", .sql = factors},
    store::Migration{.number = 3, .name = "sessions", .sql = sessions},
    store::Migration{.number = 4, .name = "signatures", .sql = signatures},
    store::Migration{.number = 5, .name = "rescues", .sql = rescues},
};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::identity
