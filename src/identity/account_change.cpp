#include "identity/account_change.h"

#include <algorithm>
#include <array>

#include "identity/leaf.h"
#include "identity/rights.h"
#include "text/normalise.h"

namespace khien::identity {
namespace {

constexpr std::array<std::string_view, 5> kind_ids{"grant_role", "end_role", "reset_factor", "lock",
                                                   "unlock"};
constexpr std::array<std::string_view, 4> state_ids{"pending", "confirmed", "refused", "lapsed"};
constexpr std::int64_t lapsed_per_call_max = 100;

#define KHIEN_CHANGE_COLUMNS                                                                    \
  "id, version, account_id, kind, role, until_ms, state, reason, proposed_by, proposed_at_ms, " \
  "decided_by, decided_at_ms"
constexpr std::string_view sql_load =
    "SELECT " KHIEN_CHANGE_COLUMNS " FROM account_change WHERE id = $1";
constexpr std::string_view sql_list =
    "SELECT " KHIEN_CHANGE_COLUMNS
    " FROM account_change WHERE ($1 = '' OR state = $1) AND ($2 = '' OR id < $2) "
    "ORDER BY id DESC LIMIT $3";
constexpr std::string_view sql_waiting_too_long =
    "SELECT " KHIEN_CHANGE_COLUMNS
    " FROM account_change WHERE state = 'pending' AND proposed_at_ms <= $1 ORDER BY id LIMIT $2";
#undef KHIEN_CHANGE_COLUMNS
constexpr std::string_view sql_insert =
    "INSERT INTO account_change (id, account_id, kind, role, until_ms, reason, proposed_by, "
    "proposed_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
constexpr std::string_view sql_decide =
    "UPDATE account_change SET state = $2, decided_by = $3, decided_at_ms = $4, "
    "version = version + 1 WHERE id = $1 AND state = 'pending'";
constexpr std::string_view sql_grant =
    "INSERT INTO role_grant (id, account_id, role, basis, change_id, from_ms, until_ms) "
    "VALUES ($1, $2, $3, 'change', $4, $5, $6)";
constexpr std::string_view sql_end_grant =
    "UPDATE role_grant SET ended_at_ms = $3, end_change_id = $4 WHERE account_id = $1 AND role = "
    "$2 "
    "AND ended_at_ms IS NULL AND (until_ms IS NULL OR until_ms > $3)";
constexpr std::string_view sql_lock = "UPDATE account SET locked = $2 WHERE id = $1";
constexpr std::string_view sql_other_administrators =
    "SELECT count(DISTINCT g.account_id) FROM role_grant g JOIN account a ON a.id = g.account_id "
    "WHERE g.role = 'administrator' AND g.from_ms <= $2 AND (g.until_ms IS NULL OR g.until_ms > "
    "$2) "
    "AND (g.ended_at_ms IS NULL OR g.ended_at_ms > $2) AND a.locked = 0 AND g.account_id <> $1";

Result<AccountChange> change_of(const store::Row& row) {
  const auto kind = parse_change_kind(row.text(3));
  const auto state = parse_change_state(row.text(6));
  const auto role_id = row.optional_text(4);
  const auto role = role_id ? parse_role(*role_id) : std::nullopt;
  if (!kind || !state || (role_id && !role))
    return fail(ErrorCode::corrupt, "account change " + row.text(0) + " cannot be read");
  return AccountChange{.id = AccountChangeId{row.text(0)},
                       .version = row.integer(1),
                       .account_id = AccountId{row.text(2)},
                       .kind = *kind,
                       .role = role,
                       .until_ms = row.optional_integer(5),
                       .state = *state,
                       .reason = row.text(7),
                       .proposed_by = AccountId{row.text(8)},
                       .proposed_at_ms = row.integer(9),
                       .decided_by = AccountId{row.optional_text(10).value_or("")},
                       .decided_at_ms = row.optional_integer(11)};
}

tl::unexpected<Error> conflict(std::string message, std::string reason) {
  return fail(ErrorCode::conflict, std::move(message), std::move(reason));
}

// Two administrators must stay, or no change could ever be confirmed again.
Result<void> check_administrators_stay(store::Executor& db, InstantMs now, const Account& account) {
  if (!account.role_set().has(Role::administrator) || account.locked) return {};
  auto row = db.query_one(sql_other_administrators, {account.id, now});
  if (!row) return propagate(std::move(row).error(), "count administrators");
  if ((*row)->integer(0) < administrators_min)
    return conflict("two administrators must stay", "last_administrators");
  return {};
}

Result<void> check_grant(const Account& account, Role role, std::optional<InstantMs> until_ms,
                         InstantMs now) {
  if (until_ms && *until_ms <= now)
    return fail(ErrorCode::invalid_argument, "the end lies in the past", "bad_until");
  if (account.role_set().has(role)) return conflict("the account holds this role", "role_held");
  for (const auto& held : account.roles) {
    if (!may_hold_together(held.role, role))
      return conflict("one person may not hold these roles together", "roles_exclude");
  }
  return {};
}

// Whether the change makes sense as things are: asked when it is proposed and again when confirmed.
Result<void> check_sense(store::Executor& db, InstantMs now, const AccountChangeDraft& draft) {
  const auto account = load_account(db, now, draft.account_id);
  if (!account) return tl::unexpected<Error>{account.error()};
  const bool about_role =
      draft.kind == ChangeKind::grant_role || draft.kind == ChangeKind::end_role;
  if (about_role != draft.role.has_value())
    return fail(ErrorCode::invalid_argument, "a role belongs to a change of roles", "role_needed");
  if (draft.until_ms && draft.kind != ChangeKind::grant_role)
    return fail(ErrorCode::invalid_argument, "only a granted role has an end", "bad_until");
  switch (draft.kind) {
    case ChangeKind::grant_role: return check_grant(*account, *draft.role, draft.until_ms, now);
    case ChangeKind::end_role:
      if (!account->role_set().has(*draft.role))
        return conflict("the account does not hold this role", "role_not_held");
      if (*draft.role != Role::administrator) return {};
      return check_administrators_stay(db, now, *account);
    case ChangeKind::reset_factor: return {};
    case ChangeKind::lock:
      if (account->locked) return conflict("the account is locked", "already_locked");
      return check_administrators_stay(db, now, *account);
    case ChangeKind::unlock:
      if (!account->locked) return conflict("the account is not locked", "not_locked");
      return {};
  }
  return fail(ErrorCode::internal, "unknown kind of change");
}

std::vector<ledger::LeafField> fields_of(const AccountChange& change, const AccountId& by) {
  std::vector<ledger::LeafField> fields{{"account", change.account_id.value},
                                        {"request", change.id.value},
                                        {"kind", std::string{to_string(change.kind)}},
                                        {"signer", change.proposed_by.value}};
  if (change.role) fields.push_back({"role", std::string{to_string(*change.role)}});
  if (change.until_ms) fields.push_back({"valid_until_ms", *change.until_ms});
  if (!by.empty()) fields.push_back({"second_signer", by.value});
  return fields;
}

std::string_view leaf_type(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::grant_role: return "account.role_granted";
    case ChangeKind::end_role: return "account.role_ended";
    case ChangeKind::reset_factor: return "account.factors_reset";
    case ChangeKind::lock: return "account.locked";
    case ChangeKind::unlock: return "account.unlocked";
  }
  return "";
}

Result<void> reset(store::Transaction& tx, const Context& context, ConfirmedChange& confirmed) {
  const AccountId& account = confirmed.change.account_id;
  if (auto ended = end_factors(tx, context, account); !ended)
    return tl::unexpected<Error>{ended.error()};
  if (auto ended = end_sessions(tx, context, account, {}); !ended)
    return tl::unexpected<Error>{ended.error()};
  auto password = set_one_time_password(tx, context, account);
  if (!password) return tl::unexpected<Error>{password.error()};
  confirmed.one_time_password = std::move(*password);
  return {};
}

Result<void> set_locked(store::Transaction& tx, const Context& context, const AccountId& account,
                        std::int64_t locked) {
  auto set = tx.execute(sql_lock, {account, locked});
  if (!set) return propagate(std::move(set).error(), "lock account");
  if (locked == 0) return {};
  auto ended = end_sessions(tx, context, account, {});
  if (!ended) return tl::unexpected<Error>{ended.error()};
  return {};
}

Result<void> take_effect(store::Transaction& tx, const Context& context,
                         ConfirmedChange& confirmed) {
  const AccountChange& change = confirmed.change;
  const InstantMs now = context.clock.now_ms();
  Result<std::int64_t> written = 0;
  switch (change.kind) {
    case ChangeKind::grant_role:
      written = tx.execute(sql_grant, {new_id_text(now, context.rng), change.account_id,
                                       to_string(*change.role), change.id, now, change.until_ms});
      break;
    case ChangeKind::end_role:
      written =
          tx.execute(sql_end_grant, {change.account_id, to_string(*change.role), now, change.id});
      break;
    case ChangeKind::reset_factor: return reset(tx, context, confirmed);
    case ChangeKind::lock: return set_locked(tx, context, change.account_id, 1);
    case ChangeKind::unlock: return set_locked(tx, context, change.account_id, 0);
  }
  if (!written) return propagate(std::move(written).error(), "change role");
  return {};
}

Result<AccountChange> load_pending(store::Transaction& tx, const AccountChangeId& id,
                                   std::int64_t version) {
  auto change = load_change(tx, id);
  if (!change) return change;
  if (change->version != version)
    return conflict("the change is not as it was shown", "stale_version");
  if (change->state != ChangeState::pending)
    return conflict("the change is decided", "wrong_state");
  return change;
}

Result<AccountChange> decide(store::Transaction& tx, const Context& context,
                             const AccountChange& change, ChangeState state, const AccountId& by) {
  auto decided = tx.execute(sql_decide, {change.id, to_string(state), by, context.clock.now_ms()});
  if (!decided) return propagate(std::move(decided).error(), "decide account change");
  if (*decided == 0) return conflict("the change is decided", "wrong_state");
  return load_change(tx, change.id);
}

}  // namespace

std::string_view to_string(ChangeKind kind) noexcept {
  return kind_ids[static_cast<std::size_t>(kind)];
}
std::optional<ChangeKind> parse_change_kind(std::string_view id) noexcept {
  const auto found = std::find(kind_ids.begin(), kind_ids.end(), id);
  if (found == kind_ids.end()) return std::nullopt;
  return static_cast<ChangeKind>(found - kind_ids.begin());
}
std::string_view to_string(ChangeState state) noexcept {
  return state_ids[static_cast<std::size_t>(state)];
}
std::optional<ChangeState> parse_change_state(std::string_view id) noexcept {
  const auto found = std::find(state_ids.begin(), state_ids.end(), id);
  if (found == state_ids.end()) return std::nullopt;
  return static_cast<ChangeState>(found - state_ids.begin());
}

Result<AccountChange> propose_change(store::Transaction& tx, const Context& context,
                                     const Actor& actor, const AccountChangeDraft& draft) {
  if (const auto verdict = may(actor, Action::account_change, {.target = draft.account_id});
      !verdict)
    return fail(verdict);
  if (auto fresh = require_step_up(actor, context.clock); !fresh)
    return tl::unexpected<Error>{fresh.error()};
  const auto reason = text::clean_text(draft.reason, change_reason_size_max);
  if (!reason || reason->empty())
    return fail(ErrorCode::invalid_argument, "a reason is needed", "reason_needed");
  const InstantMs now = context.clock.now_ms();
  if (auto good = check_sense(tx, now, draft); !good) return tl::unexpected<Error>{good.error()};

  const auto id = AccountChangeId::make(context.clock, context.rng);
  const store::Value role = draft.role ? store::Value{to_string(*draft.role)} : store::Value{};
  auto added = tx.execute(sql_insert, {id, draft.account_id, to_string(draft.kind), role,
                                       draft.until_ms, *reason, actor.account_id, now});
  if (!added) return propagate(std::move(added).error(), "propose account change");
  if (*added == 0)
    return conflict("the same change waits for a decision already", "already_proposed");
  auto change = load_change(tx, id);
  if (!change) return change;
  if (auto noted = record(tx, context, "account.change_proposed", fields_of(*change, {})); !noted)
    return tl::unexpected<Error>{noted.error()};
  return change;
}

Result<ConfirmedChange> confirm_change(store::Transaction& tx, const Context& context,
                                       const Actor& actor, const AccountChangeId& id,
                                       std::int64_t version) {
  const auto pending = load_pending(tx, id, version);
  if (!pending) return tl::unexpected<Error>{pending.error()};
  const Facts facts{.proposer = pending->proposed_by, .target = pending->account_id};
  if (const auto verdict = may(actor, Action::account_change, facts); !verdict)
    return fail(verdict);
  if (auto fresh = require_step_up(actor, context.clock); !fresh)
    return tl::unexpected<Error>{fresh.error()};
  if (auto good = check_sense(tx, context.clock.now_ms(),
                              {.account_id = pending->account_id,
                               .kind = pending->kind,
                               .role = pending->role,
                               .until_ms = pending->until_ms,
                               .reason = pending->reason});
      !good)
    return tl::unexpected<Error>{good.error()};

  auto decided = decide(tx, context, *pending, ChangeState::confirmed, actor.account_id);
  if (!decided) return tl::unexpected<Error>{decided.error()};
  ConfirmedChange confirmed{.change = std::move(*decided), .one_time_password = std::nullopt};
  if (auto done = take_effect(tx, context, confirmed); !done)
    return tl::unexpected<Error>{done.error()};
  if (auto noted = record(tx, context, leaf_type(confirmed.change.kind),
                          fields_of(confirmed.change, actor.account_id));
      !noted)
    return tl::unexpected<Error>{noted.error()};
  return confirmed;
}

Result<AccountChange> refuse_change(store::Transaction& tx, const Context& context,
                                    const Actor& actor, const AccountChangeId& id,
                                    std::int64_t version) {
  const auto pending = load_pending(tx, id, version);
  if (!pending) return pending;
  if (const auto verdict = may(actor, Action::account_change, {.target = pending->account_id});
      !verdict)
    return fail(verdict);
  auto decided = decide(tx, context, *pending, ChangeState::refused, actor.account_id);
  if (!decided) return decided;
  if (auto noted =
          record(tx, context, "account.change_refused", fields_of(*decided, actor.account_id));
      !noted)
    return tl::unexpected<Error>{noted.error()};
  return decided;
}

Result<AccountChange> load_change(store::Executor& db, const AccountChangeId& id) {
  auto row = db.query_one(sql_load, {id});
  if (!row) return propagate(std::move(row).error(), "load account change");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such account change");
  return change_of(**row);
}

Result<std::vector<AccountChange>> list_changes(store::Executor& db,
                                                std::optional<ChangeState> state,
                                                const AccountChangeId& before, std::int64_t limit) {
  const auto state_id = state ? to_string(*state) : std::string_view{};
  auto rows = db.query(sql_list, {state_id, before.value, limit});
  if (!rows) return propagate(std::move(rows).error(), "list account changes");
  std::vector<AccountChange> changes;
  for (const auto& row : *rows) {
    auto change = change_of(row);
    if (!change) return tl::unexpected<Error>{change.error()};
    changes.push_back(std::move(*change));
  }
  return changes;
}

Result<std::int64_t> lapse_changes(store::Transaction& tx, const Context& context) {
  const InstantMs before = context.clock.now_ms() - account_change_life_ms;
  auto rows = tx.query(sql_waiting_too_long, {before, lapsed_per_call_max});
  if (!rows) return propagate(std::move(rows).error(), "find account changes to lapse");
  for (const auto& row : *rows) {
    const auto change = change_of(row);
    if (!change) return tl::unexpected<Error>{change.error()};
    const auto decided = decide(tx, context, *change, ChangeState::lapsed, {});
    if (!decided) return tl::unexpected<Error>{decided.error()};
    if (auto noted = record(tx, context, "account.change_lapsed", fields_of(*decided, {})); !noted)
      return tl::unexpected<Error>{noted.error()};
  }
  return static_cast<std::int64_t>(rows->size());
}

}  // namespace khien::identity
