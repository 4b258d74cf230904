#include "providers/summary.h"

#include <algorithm>
#include <map>

namespace khien::providers {
namespace {

constexpr std::string_view unseen = "unseen";

// Standing blocks that probes are given, each with what is held of it at one provider.
constexpr std::string_view sql_blocks = R"(
SELECT coalesce(c.verdict, 'unseen'), count(*),
  sum(CASE WHEN coalesce(c.since_ms, p.published_at_ms) <= $2 THEN 1 ELSE 0 END)
FROM publication p LEFT JOIN provider_check c
  ON c.provider_id = $1 AND c.order_id = p.order_id AND c.expected = 'blocked'
WHERE p.action = 'add' AND p.removed_by IS NULL AND p.published_at_ms IS NOT NULL
  AND p.category <> 'child-abuse' AND p.scope IN ('host', 'domain')
  AND NOT EXISTS (SELECT 1 FROM publication l WHERE l.order_id = p.order_id AND l.action = 'add'
    AND l.removed_by IS NULL AND l.published_at_ms IS NOT NULL AND l.sequence > p.sequence)
GROUP BY coalesce(c.verdict, 'unseen'))";
constexpr std::string_view sql_lifts_pending = R"(
SELECT count(*) FROM provider_check c WHERE c.provider_id = $1 AND c.expected = 'resolving'
  AND c.verdict = 'lift_pending' AND NOT EXISTS (SELECT 1 FROM publication p
    WHERE p.order_id = c.order_id AND p.action = 'add' AND p.removed_by IS NULL))";
constexpr std::string_view sql_times = R"(
SELECT proven_at_ms - since_ms FROM provider_check
WHERE provider_id = $1 AND expected = $2 AND carried = 0 AND proven_at_ms >= $3
ORDER BY proven_at_ms DESC LIMIT $4)";
constexpr std::string_view check_columns = R"(
SELECT CAST(0 AS BIGINT), c.order_id, o.number, o.name, o.category, c.expected, c.verdict, c.since_ms,
  c.proven_at_ms, c.changed_at_ms, c.seen_at_ms, CAST(0 AS BIGINT)
FROM provider_check c JOIN block_order o ON o.id = c.order_id )";
// A verdict about a block that ended, or about a lift that was taken back, is history.
constexpr std::string_view sql_problems = R"(
WHERE c.provider_id = $1 AND o.category <> 'child-abuse'
  AND c.verdict NOT IN ('enforced', 'lifted')
  AND (c.expected = 'blocked') = EXISTS (SELECT 1 FROM publication p WHERE p.order_id = c.order_id
    AND p.action = 'add' AND p.removed_by IS NULL)
ORDER BY c.since_ms, c.order_id LIMIT $2)";
constexpr std::string_view sql_changes = R"(
SELECT e.id, e.order_id, o.number, o.name, o.category, e.expected, e.verdict, CAST(0 AS BIGINT),
  CAST(NULL AS BIGINT), e.at_ms, e.at_ms, (
  SELECT count(*) FROM probe_statement s WHERE s.run_id = e.run_id AND s.body IS NOT NULL)
FROM provider_check_event e JOIN block_order o ON o.id = e.order_id
WHERE e.provider_id = $1 AND e.id < $2 AND o.category <> 'child-abuse' ORDER BY e.id DESC LIMIT $3)";
constexpr std::string_view sql_at_providers = R"(
SELECT CAST(0 AS BIGINT), c.order_id, o.number, o.name, o.category, c.expected, c.verdict, c.since_ms,
  c.proven_at_ms, c.changed_at_ms, c.seen_at_ms, CAST(0 AS BIGINT), v.title, v.id
FROM provider_check c JOIN block_order o ON o.id = c.order_id
JOIN provider v ON v.id = c.provider_id AND v.ended_at_ms IS NULL
WHERE c.order_id = $1 AND o.category <> 'child-abuse' ORDER BY v.name, c.expected)";

Result<CheckRow> read_check(const store::Row& row) {
  const auto category = parse_category(row.text(4));
  const auto expected = probe::parse_expected(row.text(5));
  if (!category || !expected) return fail(ErrorCode::corrupt, "a verdict is damaged");
  return CheckRow{.id = row.integer(0),
                  .order = cases::OrderId{row.text(1)},
                  .order_number = row.text(2),
                  .name = row.text(3),
                  .category = *category,
                  .expected = *expected,
                  .verdict = row.text(6),
                  .since_ms = row.integer(7),
                  .proven_at_ms = row.optional_integer(8),
                  .at_ms = row.integer(9),
                  .seen_at_ms = row.integer(10),
                  .has_statement = row.integer(11) > 0};
}

Result<Percentiles> times_of(store::Executor& db, const ProviderId& id, probe::Expected expected,
                             InstantMs now_ms) {
  auto rows = db.query(sql_times,
                       {id, to_string(expected), now_ms - measured_days * ms_per_day, times_max});
  if (!rows) return propagate(std::move(rows).error(), "read times");
  std::vector<std::int64_t> durations_ms;
  durations_ms.reserve(rows->size());
  for (const auto& row : *rows) durations_ms.push_back(row.integer(0));
  return percentiles(std::move(durations_ms));
}

Result<void> count_blocks(store::Executor& db, InstantMs now_ms, Summary& summary) {
  auto rows = db.query(sql_blocks, {summary.provider.id, now_ms - summary.provider.block_due_ms()});
  if (!rows) return propagate(std::move(rows).error(), "count verdicts");
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;  // all, whose time is over
  for (const auto& row : *rows) counts[row.text(0)] = {row.integer(1), row.integer(2)};
  const auto take = [&](std::string_view verdict) {
    const auto found = counts.find(std::string{verdict});
    if (found == counts.end()) return;
    summary.blocks.push_back({.verdict = found->first, .count = found->second.first});
    if (verdict == unseen || verdict == to_string(probe::Finding::probe_broken)) return;
    const bool enforced = is_proof(verdict);
    summary.blocks_enforced += enforced ? found->second.first : 0;
    summary.blocks_judged += enforced ? found->second.first : found->second.second;
  };
  for (const auto verdict : all_verdicts()) take(verdict);
  take(unseen);
  return {};
}

Result<Summary> summary_of(store::Executor& db, Provider provider,
                           const std::vector<ProbeFacts>& probes, InstantMs now_ms) {
  Summary summary{.provider = std::move(provider), .probes = {}, .blocks = {}};
  for (const auto& probe : probes) {
    if (probe.provider != summary.provider.id || probe.revoked_at_ms) continue;
    summary.canaries_blocked += probe.canaries_blocked;
    summary.probes.push_back(probe);
  }
  if (auto counted = count_blocks(db, now_ms, summary); !counted) {
    return tl::unexpected<Error>{std::move(counted).error()};
  }
  auto pending = db.query_one(sql_lifts_pending, {summary.provider.id});
  if (!pending) return propagate(std::move(pending).error(), "count lifts");
  summary.lifts_pending = (*pending)->integer(0);
  auto blocks = times_of(db, summary.provider.id, probe::Expected::blocked, now_ms);
  if (!blocks) return tl::unexpected<Error>{std::move(blocks).error()};
  summary.block_times = *blocks;
  auto lifts = times_of(db, summary.provider.id, probe::Expected::resolving, now_ms);
  if (!lifts) return tl::unexpected<Error>{std::move(lifts).error()};
  summary.lift_times = *lifts;
  return summary;
}

}  // namespace

Percentiles percentiles(std::vector<std::int64_t> durations_ms) {
  std::ranges::sort(durations_ms);
  const auto count = static_cast<std::int64_t>(durations_ms.size());
  const auto at = [&](std::int64_t percent) {
    if (count == 0) return std::int64_t{0};
    const auto rank = std::max<std::int64_t>((count * percent + 99) / 100, 1);
    const auto duration_ms = durations_ms[static_cast<std::size_t>(rank - 1)];
    return (duration_ms + ms_per_second - 1) / ms_per_second;
  };
  return {.count = count, .p50_s = at(50), .p95_s = at(95), .p99_s = at(99)};
}

std::optional<double> Summary::share_enforced() const noexcept {
  if (blocks_judged == 0) return std::nullopt;
  return static_cast<double>(blocks_enforced) / static_cast<double>(blocks_judged);
}

Result<std::vector<Summary>> summarise(store::Executor& db, InstantMs now_ms) {
  auto providers = list_providers(db);
  if (!providers) return tl::unexpected<Error>{std::move(providers).error()};
  auto probes = list_probes(db);
  if (!probes) return tl::unexpected<Error>{std::move(probes).error()};
  std::vector<Summary> summaries;
  for (auto& provider : *providers) {
    auto summary = summary_of(db, std::move(provider), *probes, now_ms);
    if (!summary) return tl::unexpected<Error>{std::move(summary).error()};
    summaries.push_back(std::move(*summary));
  }
  return summaries;
}

Result<Summary> summarise_one(store::Executor& db, const ProviderId& id, InstantMs now_ms) {
  auto provider = load_provider(db, id);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  auto probes = list_probes(db);
  if (!probes) return tl::unexpected<Error>{std::move(probes).error()};
  return summary_of(db, std::move(*provider), *probes, now_ms);
}

Result<std::vector<CheckRow>> list_problems(store::Executor& db, const ProviderId& id) {
  static const auto sql = std::string{check_columns} + std::string{sql_problems};
  auto rows = db.query(sql, {id, problems_max});
  if (!rows) return propagate(std::move(rows).error(), "list what is not as ordered");
  std::vector<CheckRow> checks;
  for (const auto& row : *rows) {
    auto check = read_check(row);
    if (!check) return tl::unexpected<Error>{std::move(check).error()};
    checks.push_back(std::move(*check));
  }
  return checks;
}

Result<cases::Page<CheckRow>> list_changes(store::Executor& db, const ProviderId& id,
                                           const cases::PageRequest& page) {
  const auto size = cases::page_size(page);
  auto rows = db.query(sql_changes, {id, cases::page_start(page), size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list changes of verdicts");
  std::vector<CheckRow> changes;
  for (const auto& row : *rows) {
    auto change = read_check(row);
    if (!change) return tl::unexpected<Error>{std::move(change).error()};
    changes.push_back(std::move(*change));
  }
  return cases::make_page(std::move(changes), size, [](const CheckRow& row) { return row.id; });
}

Result<std::vector<OrderAtProvider>> list_at_providers(store::Executor& db,
                                                       const cases::OrderId& order) {
  auto rows = db.query(sql_at_providers, {order});
  if (!rows) return propagate(std::move(rows).error(), "list an order at providers");
  std::vector<OrderAtProvider> all;
  for (const auto& row : *rows) {
    auto check = read_check(row);
    if (!check) return tl::unexpected<Error>{std::move(check).error()};
    all.push_back(
        {.provider = row.text(12), .id = ProviderId{row.text(13)}, .check = std::move(*check)});
  }
  return all;
}

}  // namespace khien::providers
