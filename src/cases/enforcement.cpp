// Enforcement rows: order × resolver (publication.h).
#include <algorithm>

#include "cases/deadline_rows.h"
#include "cases/enforcement_rows.h"
#include "cases/order_rows.h"
#include "cases/settings.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_list = R"(
SELECT resolver, state, zone, serial, changed_at_ms FROM enforcement
WHERE order_id = $1 ORDER BY resolver)";
constexpr std::string_view sql_start = R"(
INSERT INTO enforcement (order_id, resolver, state, zone, serial, changed_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (order_id, resolver) DO UPDATE SET
  state = CASE
    WHEN excluded.state = 'lift_pending' THEN 'lift_pending'
    WHEN enforcement.state IN ('lift_pending', 'lift_verified') THEN 'pending'
    ELSE enforcement.state END,
  zone = excluded.zone, serial = excluded.serial, changed_at_ms = excluded.changed_at_ms)";
// A resolver that is followed since yesterday has no row of an older order, and does not count.
constexpr std::string_view sql_counts = R"(
SELECT count(*),
  sum(CASE WHEN e.state IN ('applied', 'verified') THEN 1 ELSE 0 END),
  sum(CASE WHEN e.state = 'verified' THEN 1 ELSE 0 END),
  sum(CASE WHEN e.state = 'lift_verified' THEN 1 ELSE 0 END)
FROM enforcement e
WHERE e.order_id = $1 AND e.resolver IN (
  SELECT name FROM followed_resolver
  WHERE valid_from_ms <= $2 AND (valid_until_ms IS NULL OR valid_until_ms > $2)))";
// Less than half the circle behind the resolver's serial, or at it (RFC 1982 section 3.2).
constexpr std::string_view sql_applied_orders = R"(
SELECT order_id FROM enforcement
WHERE resolver = $1 AND zone = $2 AND ($3 - serial + 4294967296) % 4294967296 < 2147483648
  AND state = 'pending'
ORDER BY order_id LIMIT 1000)";
constexpr std::string_view sql_state =
    "SELECT state FROM enforcement WHERE order_id = $1 AND resolver = $2";
constexpr std::string_view sql_set_state = R"(
UPDATE enforcement SET state = $3, changed_at_ms = $4 WHERE order_id = $1 AND resolver = $2)";
// Lifts of a name that another order blocks by now cannot be proven and are not asked for.
constexpr std::string_view sql_targets = R"(
SELECT e.order_id, e.resolver, o.name, o.scope, o.category, e.state
FROM enforcement e JOIN block_order o ON o.id = e.order_id
WHERE e.state IN ('pending', 'applied', 'drifted')
   OR (e.state = 'lift_pending' AND NOT EXISTS (
     SELECT 1 FROM publication p
     WHERE p.name = o.name AND p.action = 'add' AND p.removed_by IS NULL AND p.order_id <> o.id))
ORDER BY e.changed_at_ms, e.order_id, e.resolver LIMIT $1)";
constexpr int targets_max = 10'000;

std::optional<EnforcementState> state_after(EnforcementState state, ProbeVerdict verdict) noexcept {
  if (verdict == ProbeVerdict::enforced) {
    switch (state) {
      case EnforcementState::pending:
      case EnforcementState::applied:
      case EnforcementState::drifted: return EnforcementState::verified;
      case EnforcementState::lift_verified: return EnforcementState::lift_pending;
      default: return std::nullopt;
    }
  }
  if (verdict == ProbeVerdict::not_enforced) {
    if (state == EnforcementState::verified) return EnforcementState::drifted;
    if (state == EnforcementState::lift_pending) return EnforcementState::lift_verified;
  }
  return std::nullopt;
}

std::string_view kind_of(OrderState from, OrderState to) noexcept {
  if (to == OrderState::verified) return "order.verified";
  if (to == OrderState::enforced) return "order.enforced";
  if (to == OrderState::lift_verified) return "order.lift_verified";
  return from == OrderState::verified || from == OrderState::enforced ? "order.drifted"
                                                                      : "order.published";
}

struct Counts {
  std::int64_t all = 0;
  std::int64_t applied = 0;  // or verified
  std::int64_t verified = 0;
  std::int64_t lift_verified = 0;
};

Result<Counts> count_rows(store::Executor& db, const OrderId& id, InstantMs at_ms) {
  auto row = db.query_one(sql_counts, {id, at_ms});
  if (!row) return propagate(std::move(row).error(), "count enforcement");
  if ((*row)->integer(0) == 0) return Counts{};
  return Counts{.all = (*row)->integer(0),
                .applied = (*row)->integer(1),
                .verified = (*row)->integer(2),
                .lift_verified = (*row)->integer(3)};
}

OrderState state_from(const Counts& counts) noexcept {
  if (counts.all > 0 && counts.verified == counts.all) return OrderState::verified;
  if (counts.all > 0 && counts.applied == counts.all) return OrderState::enforced;
  return OrderState::published;
}

}  // namespace

Result<std::vector<Enforcement>> list_enforcement(store::Executor& db, const OrderId& id) {
  auto rows = db.query(sql_list, {id});
  if (!rows) return propagate(std::move(rows).error(), "list enforcement");
  std::vector<Enforcement> out;
  for (const auto& row : *rows) {
    const auto state = parse_enforcement_state(row.text(1));
    if (!state) return fail(ErrorCode::corrupt, "enforcement in an unknown state");
    out.push_back({.resolver = row.text(0),
                   .state = *state,
                   .zone = row.text(2),
                   .serial = row.integer(3),
                   .changed_at_ms = row.integer(4)});
  }
  return out;
}

Result<OrderState> enforced_state(store::Executor& db, const OrderId& id, InstantMs at_ms) {
  auto counts = count_rows(db, id, at_ms);
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  return state_from(*counts);
}

Result<void> start_enforcement(store::Transaction& tx, const Context& context, const OrderId& id,
                               const PublishedNote& note, EnforcementState to) {
  const auto now_ms = context.clock.now_ms();
  auto resolvers = followed_resolvers(tx, now_ms);
  if (!resolvers) return tl::unexpected<Error>{std::move(resolvers).error()};
  for (const auto& resolver : *resolvers) {
    auto done =
        tx.execute(sql_start, {id, resolver, to_string(to), note.zone, note.serial, now_ms});
    if (!done) return propagate(std::move(done).error(), "start enforcement");
  }
  return {};
}

Result<void> follow_enforcement(store::Transaction& tx, const Context& context, const OrderId& id) {
  auto row = load_order_row(tx, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  auto counts = count_rows(tx, id, context.clock.now_ms());
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  const auto from = row->order.state;
  auto to = from;
  if (from == OrderState::published || from == OrderState::enforced ||
      from == OrderState::verified) {
    to = state_from(*counts);
  } else if (from == OrderState::lift_published && counts->all > 0 &&
             counts->lift_verified == counts->all) {
    to = OrderState::lift_verified;
  }
  // A probe that disagrees takes `verified` back; what was only claimed stays where it is.
  if (from == OrderState::verified && to == OrderState::enforced) to = OrderState::published;
  if (from == to) return {};
  auto after = row->order;
  after.state = to;
  auto done = finish_order_move(tx, context, *row, after,
                                {.kind = kind_of(from, to), .record = {}, .record_id = {}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (to == OrderState::verified) {
    return close_deadline(tx, context, id.value, DeadlineKind::enforce);
  }
  if (to == OrderState::lift_verified) {
    return close_deadline(tx, context, id.value, DeadlineKind::lift);
  }
  return {};
}

Result<std::int64_t> record_applied(store::Transaction& tx, const Context& context,
                                    std::string_view resolver, std::string_view zone,
                                    std::int64_t serial) {
  auto rows = tx.query(sql_applied_orders, {resolver, zone, serial});
  if (!rows) return propagate(std::move(rows).error(), "look what a resolver has applied");
  for (const auto& row : *rows) {
    const OrderId id{row.text(0)};
    auto done = tx.execute(sql_set_state, {id, resolver, "applied", context.clock.now_ms()});
    if (!done) return propagate(std::move(done).error(), "note what a resolver has applied");
    auto followed = follow_enforcement(tx, context, id);
    if (!followed) return tl::unexpected<Error>{std::move(followed).error()};
  }
  return static_cast<std::int64_t>(rows->size());
}

Result<void> record_probe(store::Transaction& tx, const Context& context, const OrderId& id,
                          std::string_view resolver, ProbeVerdict verdict) {
  auto row = tx.query_one(sql_state, {id, resolver});
  if (!row) return propagate(std::move(row).error(), "note a probe");
  if (!row->has_value()) {
    return fail(ErrorCode::not_found, "the order was never published to that resolver");
  }
  const auto state = parse_enforcement_state((*row)->text(0));
  if (!state) return fail(ErrorCode::corrupt, "enforcement in an unknown state");
  const auto next = state_after(*state, verdict);
  if (!next) return {};
  auto done = tx.execute(sql_set_state, {id, resolver, to_string(*next), context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "note a probe");
  return follow_enforcement(tx, context, id);
}

Result<std::vector<ProbeTarget>> probe_targets(store::Executor& db, int limit) {
  auto rows = db.query(sql_targets, {std::clamp(limit, 1, targets_max)});
  if (!rows) return propagate(std::move(rows).error(), "list what to probe");
  std::vector<ProbeTarget> targets;
  for (const auto& row : *rows) {
    const auto scope = parse_scope(row.text(3));
    const auto category = parse_category(row.text(4));
    const auto state = parse_enforcement_state(row.text(5));
    if (!scope || !category || !state) return fail(ErrorCode::corrupt, "enforcement is damaged");
    targets.push_back({.order = OrderId{row.text(0)},
                       .resolver = row.text(1),
                       .name = row.text(2),
                       .scope = *scope,
                       .category = *category,
                       .state = *state});
  }
  return targets;
}

}  // namespace khien::cases
