#include "tally/order_hits.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "cases/calendar.h"
#include "cases/publication.h"
#include "publish/zone_names.h"
#include "tally/report.h"
#include "tally/resolver_key.h"

namespace khien::tally {
namespace {

constexpr std::string_view sql_hits = R"(
SELECT period, from_ms, max(last_ms), CAST(sum(hits) AS BIGINT) FROM rule_hits
WHERE source = $1 AND name = $2 AND last_ms >= $3 GROUP BY period, from_ms)";

constexpr std::int64_t reporting_within_ms = 2 * ms_per_day;

struct Bucket {
  InstantMs last_ms = 0;
  std::int64_t hits = 0;
};
/// By source, period and beginning: an order that was suspended stood twice, perhaps in one hour.
using Buckets = std::map<std::tuple<std::string, std::string, InstantMs>, Bucket>;

bool belongs(const cases::Standing& standing, InstantMs from_ms, std::int64_t span_ms) noexcept {
  if (from_ms + span_ms <= standing.from_ms) return false;
  if (standing.succeeded_ms && from_ms + span_ms > *standing.succeeded_ms) return false;
  // What was blocked before the end may be told after it: a report is about up to 26 hours.
  return !standing.until_ms || from_ms < *standing.until_ms + report_span_max_ms;
}

Result<void> collect(store::Executor& db, const cases::Standing& standing, Buckets& buckets) {
  const auto* zone = publish::zone_for(standing.basis, standing.category);
  if (zone == nullptr) return fail(ErrorCode::corrupt, "an order stands in no zone");
  auto rows = db.query(
      sql_hits, {zone->id, standing.name, standing.from_ms - standing.from_ms % ms_per_hour});
  if (!rows) return propagate(std::move(rows).error(), "read hits");
  for (const auto& row : *rows) {
    const auto& period = row.text(0);
    const auto from_ms = row.integer(1);
    if (!belongs(standing, from_ms, period == "day" ? ms_per_day : ms_per_hour)) continue;
    buckets[{zone->id, period, from_ms}] = {.last_ms = row.integer(2), .hits = row.integer(3)};
  }
  return {};
}

InstantMs midnight(cases::DayNumber day) noexcept {
  return day * ms_per_day - cases::vietnam_offset_ms;
}

}  // namespace

Result<OrderHits> order_hits(store::Executor& db, const Context& context,
                             const cases::OrderId& order) {
  const auto now_ms = context.clock.now_ms();
  auto standings = cases::order_standings(db, order);
  if (!standings) return tl::unexpected<Error>{std::move(standings).error()};
  Buckets buckets;
  for (const auto& standing : *standings) {
    if (auto done = collect(db, standing, buckets); !done) {
      return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  auto resolvers = count_reporting(db, now_ms - reporting_within_ms);
  if (!resolvers) return tl::unexpected<Error>{std::move(resolvers).error()};

  OrderHits hits{.resolvers = *resolvers};
  const auto first_day = cases::vietnam_day(now_ms) - static_cast<std::int64_t>(hits_days) + 1;
  for (std::size_t i = 0; i < hits_days; ++i) {
    hits.days[i].from_ms = midnight(first_day + static_cast<std::int64_t>(i));
  }
  for (const auto& [key, bucket] : buckets) {
    hits.total += bucket.hits;
    hits.last_ms = std::max(hits.last_ms.value_or(bucket.last_ms), bucket.last_ms);
    const auto day = cases::vietnam_day(std::get<2>(key)) - first_day;
    if (day >= 0 && day < static_cast<std::int64_t>(hits_days)) {
      hits.days[static_cast<std::size_t>(day)].hits += bucket.hits;
    }
  }
  return hits;
}

}  // namespace khien::tally
