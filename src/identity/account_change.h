// Changes of roles, factors and locks: proposed by one administrator, confirmed by another, never
// about either's own account. The schema says so a second time.
//
//   pending ─► confirmed | refused | lapsed (7 days)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/account.h"

namespace khien::identity {

struct AccountChangeTag;
using AccountChangeId = Id<AccountChangeTag>;

constexpr std::int64_t account_change_life_ms = 7 * ms_per_day;
constexpr std::size_t change_reason_size_max = 2'000 * 4;  // octets
constexpr int administrators_min = 2;  // below, no change could ever be confirmed

enum class ChangeKind : std::uint8_t {
  grant_role,
  end_role,
  reset_factor,  ///< lost second factor: all factors and sessions end, a new one-time password
  lock,          ///< all sessions end
  unlock,
};
enum class ChangeState : std::uint8_t { pending, confirmed, refused, lapsed };
[[nodiscard]] std::string_view to_string(ChangeKind kind) noexcept;
[[nodiscard]] std::optional<ChangeKind> parse_change_kind(std::string_view id) noexcept;
[[nodiscard]] std::string_view to_string(ChangeState state) noexcept;
[[nodiscard]] std::optional<ChangeState> parse_change_state(std::string_view id) noexcept;

struct AccountChange {
  AccountChangeId id;
  std::int64_t version = 1;
  AccountId account_id;
  ChangeKind kind = ChangeKind::grant_role;
  std::optional<Role> role;
  std::optional<InstantMs> until_ms;
  ChangeState state = ChangeState::pending;
  std::string reason;
  AccountId proposed_by;
  InstantMs proposed_at_ms = 0;
  AccountId decided_by;
  std::optional<InstantMs> decided_at_ms;
};

struct AccountChangeDraft {
  AccountId account_id;
  ChangeKind kind = ChangeKind::grant_role;
  std::optional<Role> role = {};           ///< for grant_role and end_role
  std::optional<InstantMs> until_ms = {};  ///< for grant_role
  std::string reason = {};
};

/// Right account.change, with a fresh factor (denied "step_up_needed"). denied "own_account";
/// invalid_argument "reason_needed", "role_needed", "bad_until"; conflict "role_held",
/// "role_not_held", "roles_exclude" (may_hold_together), "last_administrators", "already_locked",
/// "not_locked", "already_proposed"; not_found. Leaf account.change_proposed.
[[nodiscard]] Result<AccountChange> propose_change(store::Transaction& tx, const Context& context,
                                                   const Actor& actor,
                                                   const AccountChangeDraft& draft);

struct ConfirmedChange {
  AccountChange change;
  std::optional<std::string> one_time_password;  ///< of reset_factor, shown this once
};
/// By another administrator than the proposer (denied "own_proposal") and the one concerned (denied
/// "own_account"). conflict "stale_version", "wrong_state", or as propose_change() if things have
/// changed since. Takes effect at once. Leaf account.role_granted, account.role_ended,
/// account.factors_reset, account.locked or account.unlocked.
[[nodiscard]] Result<ConfirmedChange> confirm_change(store::Transaction& tx, const Context& context,
                                                     const Actor& actor, const AccountChangeId& id,
                                                     std::int64_t version);
/// As confirm_change(); the proposer may take it back this way. Leaf account.change_refused.
[[nodiscard]] Result<AccountChange> refuse_change(store::Transaction& tx, const Context& context,
                                                  const Actor& actor, const AccountChangeId& id,
                                                  std::int64_t version);

[[nodiscard]] Result<AccountChange> load_change(store::Executor& db, const AccountChangeId& id);
/// Newest first, `limit` at most, older than `before` if that is not empty (ids sort by time).
[[nodiscard]] Result<std::vector<AccountChange>> list_changes(store::Executor& db,
                                                              std::optional<ChangeState> state,
                                                              const AccountChangeId& before,
                                                              std::int64_t limit);
/// Marks what waited longer than account_change_life_ms: for a timer. Leaf account.change_lapsed
/// for each. Gives how many, at most 100 a call.
[[nodiscard]] Result<std::int64_t> lapse_changes(store::Transaction& tx, const Context& context);

}  // namespace khien::identity
