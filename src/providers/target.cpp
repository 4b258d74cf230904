#include "providers/target.h"

#include <algorithm>

#include "text/host.h"

namespace khien::providers {
namespace {

// An order's earlier add that ended only after this one began: the ratification of an emergency.
// Then the name has been served since that one.
constexpr std::string_view blocked_columns = R"(
SELECT p.order_id, p.name, p.zone, p.serial, coalesce((
    SELECT min(q.published_at_ms) FROM publication q WHERE q.order_id = p.order_id
      AND q.action = 'add' AND q.sequence < p.sequence
      AND (q.removed_by IS NULL OR q.removed_by > p.sequence)), p.published_at_ms),
  (SELECT count(*) FROM publication q WHERE q.name = p.name AND q.action = 'add'
      AND q.order_id <> p.order_id AND q.sequence < p.sequence
      AND (q.removed_by IS NULL OR q.removed_by > p.sequence))
FROM publication p )";
constexpr std::string_view blocked_where = R"(
WHERE p.action = 'add' AND p.removed_by IS NULL AND p.published_at_ms IS NOT NULL
  AND p.category <> 'child-abuse' AND p.scope IN ('host', 'domain') AND p.serve_until_ms > $2
  AND NOT EXISTS (SELECT 1 FROM publication l WHERE l.order_id = p.order_id AND l.action = 'add'
    AND l.removed_by IS NULL AND l.published_at_ms IS NOT NULL AND l.sequence > p.sequence) )";
constexpr std::string_view lifted_columns = R"(
SELECT p.order_id, p.name, r.zone, r.serial, r.published_at_ms, CAST(0 AS BIGINT)
FROM publication p JOIN publication r ON r.sequence = p.removed_by )";
// The last add of its order, ended, and nothing else blocks the name.
constexpr std::string_view lifted_where = R"(
WHERE p.action = 'add' AND r.published_at_ms IS NOT NULL AND p.category <> 'child-abuse'
  AND p.scope IN ('host', 'domain')
  AND NOT EXISTS (SELECT 1 FROM publication l WHERE l.order_id = p.order_id AND l.action = 'add'
    AND l.sequence > p.sequence)
  AND NOT EXISTS (SELECT 1 FROM publication s WHERE s.name = p.name AND s.action = 'add'
    AND s.removed_by IS NULL) )";

constexpr std::string_view next_blocked_join = R"(
LEFT JOIN probe_sight s ON s.probe_id = $1 AND s.order_id = p.order_id AND s.expected = 'blocked' )";
constexpr std::string_view next_lifted_join = R"(
LEFT JOIN probe_sight s ON s.probe_id = $1 AND s.order_id = p.order_id
  AND s.expected = 'resolving' )";
constexpr std::string_view next_lifted_where = "AND (r.at_ms > $2 OR s.finding = 'lift_pending') ";
constexpr std::string_view next_order = R"(
ORDER BY coalesce(s.at_ms - CASE WHEN s.finding IN ('enforced', 'lifted') THEN 0 ELSE 3600000 END,
  0), p.sequence LIMIT $3)";

constexpr std::string_view sql_covers = R"(
SELECT count(*) FROM publication WHERE name = $1 AND action = 'add' AND removed_by IS NULL
  AND (scope = 'domain' OR $2 = 1))";

Target read_target(const store::Row& row, probe::Expected expected) {
  std::string zone = row.text(2);
  if (zone.ends_with('.')) zone.pop_back();
  return {.order = cases::OrderId{row.text(0)},
          .name = row.text(1),
          .expected = expected,
          .zone = std::move(zone),
          .serial = row.integer(3),
          .since_ms = row.integer(4),
          .carried = row.integer(5) > 0};
}

std::string sql_of(std::initializer_list<std::string_view> parts) {
  std::string sql;
  for (const auto part : parts) sql += part;
  return sql;
}

}  // namespace

Result<std::vector<Target>> next_targets(store::Executor& db, const ProbeId& probe,
                                         InstantMs now_ms, std::int64_t count) {
  static const auto sql_lifted =
      sql_of({lifted_columns, next_lifted_join, lifted_where, next_lifted_where, next_order});
  static const auto sql_blocked =
      sql_of({blocked_columns, next_blocked_join, blocked_where, next_order});
  // Lifts first, and at least half of the list is theirs: a name that stays blocked without a
  // ground is worse than one that is blocked late.
  auto lifted = db.query(sql_lifted, {probe, now_ms - lifted_looked_at_ms, (count + 1) / 2});
  if (!lifted) return propagate(std::move(lifted).error(), "list lifts to look at");
  std::vector<Target> targets;
  for (const auto& row : *lifted) {
    auto target = read_target(row, probe::Expected::resolving);
    auto covered = is_covered(db, target.name);
    if (!covered) return tl::unexpected<Error>{std::move(covered).error()};
    if (!*covered) targets.push_back(std::move(target));
  }
  const auto left = count - static_cast<std::int64_t>(targets.size());
  auto blocked = db.query(sql_blocked, {probe, now_ms, left});
  if (!blocked) return propagate(std::move(blocked).error(), "list blocks to look at");
  for (const auto& row : *blocked) targets.push_back(read_target(row, probe::Expected::blocked));
  return targets;
}

Result<std::optional<Target>> target_of(store::Executor& db, const cases::OrderId& order,
                                        probe::Expected expected, InstantMs now_ms) {
  static const auto sql_lifted = sql_of({lifted_columns, lifted_where, "AND p.order_id = $1"});
  static const auto sql_blocked = sql_of({blocked_columns, blocked_where, "AND p.order_id = $1"});
  auto row = expected == probe::Expected::blocked ? db.query_one(sql_blocked, {order, now_ms})
                                                  : db.query_one(sql_lifted, {order});
  if (!row) return propagate(std::move(row).error(), "look what is expected of an order");
  if (!row->has_value()) return std::optional<Target>{};
  auto target = read_target(**row, expected);
  if (expected == probe::Expected::blocked) return std::optional{std::move(target)};
  auto covered = is_covered(db, target.name);
  if (!covered) return tl::unexpected<Error>{std::move(covered).error()};
  return *covered ? std::optional<Target>{} : std::optional{std::move(target)};
}

Result<bool> is_covered(store::Executor& db, std::string_view name) {
  std::int64_t itself = 1;
  for (std::optional<std::string_view> at = name; at; at = text::parent_of(*at)) {
    auto row = db.query_one(sql_covers, {*at, itself});
    if (!row) return propagate(std::move(row).error(), "look what covers a name");
    if ((*row)->integer(0) > 0) return true;
    itself = 0;
  }
  return false;
}

}  // namespace khien::providers
