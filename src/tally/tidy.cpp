#include "tally/tidy.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "cases/calendar.h"
#include "tally/report.h"

namespace khien::tally {
namespace {

constexpr std::string_view sql_resolvers =
    "SELECT DISTINCT resolver FROM resolver_key ORDER BY resolver";
constexpr std::string_view sql_oldest_hour =
    "SELECT min(from_ms) FROM rule_hits WHERE resolver = $1 AND period = 'hour'";
constexpr std::string_view sql_fold = R"(
INSERT INTO rule_hits (source, name, resolver, period, from_ms, last_ms, hits)
SELECT source, name, resolver, 'day', CAST($2 AS BIGINT), max(last_ms), CAST(sum(hits) AS BIGINT)
FROM rule_hits WHERE resolver = $1 AND period = 'hour' AND from_ms >= $2 AND from_ms < $3
GROUP BY source, name, resolver
ON CONFLICT (source, name, resolver, period, from_ms) DO UPDATE SET
  hits = rule_hits.hits + excluded.hits,
  last_ms = CASE WHEN rule_hits.last_ms < excluded.last_ms THEN excluded.last_ms
    ELSE rule_hits.last_ms END)";
constexpr std::string_view sql_delete_folded = R"(
DELETE FROM rule_hits WHERE resolver = $1 AND period = 'hour' AND from_ms >= $2 AND from_ms < $3)";
constexpr std::string_view sql_delete_days = R"(
DELETE FROM rule_hits WHERE resolver = $1 AND period = 'day' AND from_ms < $2)";
constexpr std::string_view sql_delete_other_days = R"(
DELETE FROM rule_hits WHERE resolver = $1 AND period = 'day' AND from_ms < $2
  AND source <> 'emergency' AND source NOT LIKE 'orders-%')";
constexpr std::string_view sql_delete_reports =
    "DELETE FROM resolver_report WHERE resolver = $1 AND to_ms < $2";
constexpr std::string_view sql_delete_told = R"(
DELETE FROM new_name_told WHERE name_id IN (
  SELECT id FROM new_name WHERE first_ms < $1 ORDER BY first_ms, id LIMIT $2))";
constexpr std::string_view sql_delete_names = R"(
DELETE FROM new_name WHERE id IN (
  SELECT id FROM new_name WHERE first_ms < $1 ORDER BY first_ms, id LIMIT $2))";

/// One day of a resolver whose hours are old enough; false where there is none.
Result<bool> fold_day(store::Transaction& tx, const std::string& resolver, InstantMs now_ms,
                      Tidied& tidied) {
  auto row = tx.query_one(sql_oldest_hour, {resolver});
  if (!row) return propagate(std::move(row).error(), "find the oldest hour");
  if ((*row)->is_null(0)) return false;
  const auto day = cases::vietnam_day((*row)->integer(0));
  const auto from_ms = day * ms_per_day - cases::vietnam_offset_ms;
  const auto until_ms = from_ms + ms_per_day;
  if (until_ms > now_ms - hours_kept_ms) return false;
  auto folded = tx.execute(sql_fold, {resolver, from_ms, until_ms});
  if (!folded) return propagate(std::move(folded).error(), "add hours up");
  auto deleted = tx.execute(sql_delete_folded, {resolver, from_ms, until_ms});
  if (!deleted) return propagate(std::move(deleted).error(), "delete hours");
  tidied.folded += *deleted;
  return true;
}

Result<void> delete_rows(store::Transaction& tx, std::string_view sql,
                         std::initializer_list<store::Value> values, Tidied& tidied) {
  auto deleted = tx.execute(sql, values);
  if (!deleted) return propagate(std::move(deleted).error(), "delete what is over");
  tidied.deleted += *deleted;
  return {};
}

Result<void> delete_of(store::Transaction& tx, const std::string& resolver, InstantMs now_ms,
                       Tidied& tidied) {
  auto done = delete_rows(tx, sql_delete_days, {resolver, now_ms - order_days_kept_ms}, tidied);
  if (done) {
    done = delete_rows(tx, sql_delete_other_days, {resolver, now_ms - other_days_kept_ms}, tidied);
  }
  // A report that old is refused by its time, so its id need not be known any more. An hour more:
  // two processes may have different clocks.
  if (done) {
    done = delete_rows(tx, sql_delete_reports, {resolver, now_ms - report_age_max_ms - ms_per_hour},
                       tidied);
  }
  return done;
}

/// Runs `step(tx, tidied) -> Result<bool>` in transactions until it says false. What a transaction
/// counted that was run again is not counted twice.
template <typename Step>
Result<void> repeat(store::Database& database, Tidied& tidied, int& steps, Step step) {
  for (bool more = true; more && steps < tidy_steps_max; ++steps) {
    Tidied now;
    auto done = database.transact([&](store::Transaction& tx) -> Result<bool> {
      now = tidied;
      return step(tx, now);
    });
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    tidied = now;
    more = *done;
  }
  return {};
}

}  // namespace

Result<Tidied> tidy(store::Database& database, const Context& context) {
  const auto now_ms = context.clock.now_ms();
  auto rows = database.read([](store::Executor& db) { return db.query(sql_resolvers); });
  if (!rows) return propagate(std::move(rows).error(), "list resolvers");
  Tidied tidied;
  int steps = 0;
  for (const auto& row : *rows) {
    const auto& resolver = row.text(0);
    auto done = repeat(database, tidied, steps, [&](store::Transaction& tx, Tidied& now) {
      return fold_day(tx, resolver, now_ms, now);
    });
    if (done) {
      done =
          repeat(database, tidied, steps, [&](store::Transaction& tx, Tidied& now) -> Result<bool> {
            auto deleted = delete_of(tx, resolver, now_ms, now);
            if (!deleted) return tl::unexpected<Error>{std::move(deleted).error()};
            return false;
          });
    }
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
  }
  const auto names_before_ms = now_ms - new_names_kept_ms;
  auto done =
      repeat(database, tidied, steps, [&](store::Transaction& tx, Tidied& now) -> Result<bool> {
        auto told = delete_rows(tx, sql_delete_told, {names_before_ms, tidy_rows_max}, now);
        if (!told) return tl::unexpected<Error>{std::move(told).error()};
        const auto before = now.deleted;
        auto names = delete_rows(tx, sql_delete_names, {names_before_ms, tidy_rows_max}, now);
        if (!names) return tl::unexpected<Error>{std::move(names).error()};
        return now.deleted - before == tidy_rows_max;
      });
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return tidied;
}

}  // namespace khien::tally
