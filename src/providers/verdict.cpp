#include "providers/verdict.h"

#include <algorithm>
#include <vector>

namespace khien::providers {
namespace {

constexpr std::array<std::string_view, 8> verdicts{"not_enforced", "over_enforced", "lift_pending",
                                                   "stale_serial", "contested",     "probe_broken",
                                                   "enforced",     "lifted"};

constexpr std::string_view sql_put_sight = R"(
INSERT INTO probe_sight (probe_id, order_id, expected, provider_id, finding, at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (probe_id, order_id, expected) DO UPDATE SET
  finding = excluded.finding, at_ms = excluded.at_ms)";
constexpr std::string_view sql_sights = R"(
SELECT s.finding, s.at_ms FROM probe_sight s
JOIN probe p ON p.id = s.probe_id AND p.revoked_at_ms IS NULL
WHERE s.provider_id = $1 AND s.order_id = $2 AND s.expected = $3 AND s.at_ms >= $4)";
constexpr std::string_view sql_check = R"(
SELECT verdict, since_ms, proven_at_ms, changed_at_ms FROM provider_check
WHERE provider_id = $1 AND order_id = $2 AND expected = $3)";
constexpr std::string_view sql_put_check = R"(
INSERT INTO provider_check (provider_id, order_id, expected, verdict, since_ms, carried,
  proven_at_ms, changed_at_ms, seen_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (provider_id, order_id, expected) DO UPDATE SET
  verdict = excluded.verdict, since_ms = excluded.since_ms, carried = excluded.carried,
  proven_at_ms = excluded.proven_at_ms, changed_at_ms = excluded.changed_at_ms,
  seen_at_ms = excluded.seen_at_ms)";
constexpr std::string_view sql_event = R"(
INSERT INTO provider_check_event (provider_id, order_id, expected, verdict, run_id, at_ms)
VALUES ($1, $2, $3, $4, $5, $6))";

struct Check {
  std::string verdict;
  std::optional<InstantMs> proven_at_ms;
  InstantMs changed_at_ms = 0;
};

/// What stands by now about this block or lift; a row about an earlier one of the same order is
/// over.
Result<std::optional<Check>> load_check(store::Executor& db, const ProviderId& provider,
                                        const Target& target) {
  auto row = db.query_one(sql_check, {provider, target.order, to_string(target.expected)});
  if (!row) return propagate(std::move(row).error(), "load a verdict");
  if (!row->has_value() || (*row)->integer(1) != target.since_ms) return std::optional<Check>{};
  return std::optional{Check{.verdict = (*row)->text(0),
                             .proven_at_ms = (*row)->optional_integer(2),
                             .changed_at_ms = (*row)->integer(3)}};
}

Result<std::vector<Sight>> sights_of(store::Executor& db, const ProviderId& provider,
                                     const Target& target, InstantMs now_ms) {
  const auto from_ms = std::max(now_ms - sight_age_max_ms, target.since_ms);
  auto rows = db.query(sql_sights, {provider, target.order, to_string(target.expected), from_ms});
  if (!rows) return propagate(std::move(rows).error(), "read what probes saw");
  std::vector<Sight> sights;
  for (const auto& row : *rows) {
    const auto finding = probe::parse_finding(row.text(0));
    if (!finding) return fail(ErrorCode::corrupt, "a sight is damaged");
    sights.push_back({.finding = *finding, .at_ms = row.integer(1)});
  }
  return sights;
}

}  // namespace

std::span<const std::string_view> all_verdicts() noexcept { return verdicts; }

bool is_proof(std::string_view verdict) noexcept {
  return verdict == to_string(probe::Finding::enforced) ||
         verdict == to_string(probe::Finding::over_enforced) ||
         verdict == to_string(probe::Finding::lifted);
}

std::string_view verdict_over(std::span<const Sight> sights, InstantMs now_ms) noexcept {
  const auto counts = [&](const Sight& sight) {
    return sight.finding != probe::Finding::probe_broken &&
           now_ms - sight.at_ms <= sight_age_max_ms;
  };
  const Sight* newest = nullptr;
  for (const auto& sight : sights) {
    if (counts(sight) && (newest == nullptr || sight.at_ms > newest->at_ms)) newest = &sight;
  }
  if (newest == nullptr) return to_string(probe::Finding::probe_broken);
  const bool agreed = std::ranges::all_of(sights, [&](const Sight& sight) {
    return !counts(sight) || newest->at_ms - sight.at_ms > sight_spread_max_ms ||
           sight.finding == newest->finding;
  });
  return agreed ? to_string(newest->finding) : verdict_contested;
}

Result<bool> note_sight(store::Transaction& tx, const Reporter& reporter, const Target& target,
                        const Sight& sight, std::string_view run) {
  const auto expected = to_string(target.expected);
  auto done = tx.execute(sql_put_sight, {reporter.probe, target.order, expected, reporter.provider,
                                         to_string(sight.finding), sight.at_ms});
  if (!done) return propagate(std::move(done).error(), "note what a probe saw");
  auto sights = sights_of(tx, reporter.provider, target, sight.at_ms);
  if (!sights) return tl::unexpected<Error>{std::move(sights).error()};
  auto before = load_check(tx, reporter.provider, target);
  if (!before) return tl::unexpected<Error>{std::move(before).error()};

  const auto verdict = verdict_over(*sights, sight.at_ms);
  const bool changes = !*before || (*before)->verdict != verdict;
  auto proven_at_ms = *before ? (*before)->proven_at_ms : std::nullopt;
  if (!proven_at_ms && is_proof(verdict)) proven_at_ms = sight.at_ms;
  done = tx.execute(sql_put_check, {reporter.provider, target.order, expected, verdict,
                                    target.since_ms, target.carried ? 1 : 0, proven_at_ms,
                                    changes ? sight.at_ms : (*before)->changed_at_ms, sight.at_ms});
  if (!done) return propagate(std::move(done).error(), "note a verdict");
  if (!changes) return false;
  done =
      tx.execute(sql_event, {reporter.provider, target.order, expected, verdict, run, sight.at_ms});
  if (!done) return propagate(std::move(done).error(), "note a change of verdict");
  return true;
}

}  // namespace khien::providers
