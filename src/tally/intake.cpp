#include "tally/intake.h"

namespace khien::tally {
namespace {

constexpr std::string_view sql_count_reports =
    "SELECT count(*) FROM resolver_report WHERE resolver = $1";
constexpr std::string_view sql_note = R"(
INSERT INTO resolver_report (resolver, id, to_ms, rules, rules_left_out, new_names,
  new_names_dropped)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING)";
constexpr std::string_view sql_note_left_out = R"(
UPDATE resolver_report SET left_out = $3 WHERE resolver = $1 AND id = $2)";
constexpr std::string_view sql_count_hits = "SELECT count(*) FROM rule_hits WHERE resolver = $1";
constexpr std::string_view sql_add_hits = R"(
UPDATE rule_hits SET hits = hits + $5
WHERE source = $1 AND name = $2 AND resolver = $3 AND period = 'hour' AND from_ms = $4)";
constexpr std::string_view sql_insert_hits = R"(
INSERT INTO rule_hits (source, name, resolver, period, from_ms, last_ms, hits)
VALUES ($1, $2, $3, 'hour', $4, $4, $5)
ON CONFLICT (source, name, resolver, period, from_ms)
DO UPDATE SET hits = rule_hits.hits + excluded.hits)";
constexpr std::string_view sql_count_names =
    "SELECT count(*) FROM new_name_told WHERE resolver = $1";
constexpr std::string_view sql_find_name = "SELECT id, first_ms FROM new_name WHERE name = $1";
constexpr std::string_view sql_insert_name =
    "INSERT INTO new_name (name, first_ms) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING "
    "RETURNING id";
constexpr std::string_view sql_name_earlier = "UPDATE new_name SET first_ms = $2 WHERE id = $1";
constexpr std::string_view sql_tell_again = R"(
UPDATE new_name_told SET networks = CASE WHEN networks < $3 THEN $3 ELSE networks END,
  hour_ms = CASE WHEN hour_ms > $4 THEN $4 ELSE hour_ms END
WHERE name_id = $1 AND resolver = $2)";
constexpr std::string_view sql_tell = R"(
INSERT INTO new_name_told (name_id, resolver, networks, hour_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING)";

InstantMs hour_of(InstantMs at_ms) noexcept { return at_ms - at_ms % ms_per_hour; }

Result<std::int64_t> count(store::Executor& db, std::string_view sql, std::string_view resolver) {
  auto row = db.query_one(sql, {resolver});
  if (!row) return propagate(std::move(row).error(), "count a resolver's rows");
  return (*row)->integer(0);
}

/// How many rules found no room.
Result<std::int64_t> add_rules(store::Transaction& tx, std::string_view resolver,
                               const Report& report, std::int64_t rows_max) {
  if (report.rules.empty()) return 0;
  auto rows = count(tx, sql_count_hits, resolver);
  if (!rows) return rows;
  const auto hour_ms = hour_of(report.to_ms);
  std::int64_t left_out = 0;
  for (const auto& rule : report.rules) {
    auto added = tx.execute(sql_add_hits, {rule.source, rule.name, resolver, hour_ms, rule.hits});
    if (!added) return propagate(std::move(added).error(), "add hits");
    if (*added > 0) continue;
    if (*rows >= rows_max) {
      ++left_out;
      continue;
    }
    auto inserted =
        tx.execute(sql_insert_hits, {rule.source, rule.name, resolver, hour_ms, rule.hits});
    if (!inserted) return propagate(std::move(inserted).error(), "insert hits");
    ++*rows;
  }
  return left_out;
}

/// The id of `name`, whose first hour is now the earlier one; made if it is not there.
Result<std::int64_t> name_id(store::Transaction& tx, const std::string& name, InstantMs hour_ms) {
  auto made = tx.query_one(sql_insert_name, {name, hour_ms});
  if (!made) return propagate(std::move(made).error(), "insert a new name");
  if (made->has_value()) return (*made)->integer(0);
  auto found = tx.query_one(sql_find_name, {name});
  if (!found) return propagate(std::move(found).error(), "find a new name");
  if (!found->has_value()) return fail(ErrorCode::corrupt, "a new name is there and is not");
  const auto id = (*found)->integer(0);
  if ((*found)->integer(1) > hour_ms) {
    auto moved = tx.execute(sql_name_earlier, {id, hour_ms});
    if (!moved) return propagate(std::move(moved).error(), "date a new name");
  }
  return id;
}

Result<std::int64_t> add_names(store::Transaction& tx, std::string_view resolver,
                               const Report& report, std::int64_t rows_max) {
  if (report.new_names.empty()) return 0;
  auto rows = count(tx, sql_count_names, resolver);
  if (!rows) return rows;
  const auto hour_ms = hour_of(report.to_ms);
  std::int64_t left_out = 0;
  for (const auto& told : report.new_names) {
    if (told.networks < networks_min || *rows >= rows_max) {
      ++left_out;
      continue;
    }
    auto id = name_id(tx, told.name, hour_ms);
    if (!id) return id;
    auto again = tx.execute(sql_tell_again, {*id, resolver, told.networks, hour_ms});
    if (!again) return propagate(std::move(again).error(), "tell a new name again");
    if (*again > 0) continue;
    auto inserted = tx.execute(sql_tell, {*id, resolver, told.networks, hour_ms});
    if (!inserted) return propagate(std::move(inserted).error(), "tell a new name");
    ++*rows;
  }
  return left_out;
}

}  // namespace

Result<Intake> take_report(store::Transaction& tx, std::string_view resolver, const Report& report,
                           const IntakeLimits& limits) {
  auto noted = tx.execute(
      sql_note, {resolver, report.id, report.to_ms, static_cast<std::int64_t>(report.rules.size()),
                 report.rules_left_out, static_cast<std::int64_t>(report.new_names.size()),
                 report.new_names_dropped});
  if (!noted) return propagate(std::move(noted).error(), "note a report");
  if (*noted == 0) return Intake{.known = true};
  auto reports = count(tx, sql_count_reports, resolver);
  if (!reports) return tl::unexpected<Error>{std::move(reports).error()};
  if (*reports > limits.reports) {
    return fail(ErrorCode::limit_exceeded, "this resolver reports too often", "too_many_reports");
  }
  auto rules = add_rules(tx, resolver, report, limits.rule_hits);
  if (!rules) return tl::unexpected<Error>{std::move(rules).error()};
  auto names = add_names(tx, resolver, report, limits.new_names);
  if (!names) return tl::unexpected<Error>{std::move(names).error()};
  if (*rules + *names > 0) {
    auto told = tx.execute(sql_note_left_out, {resolver, report.id, *rules + *names});
    if (!told) return propagate(std::move(told).error(), "note what was left out");
  }
  return Intake{.known = false, .left_out = *rules + *names};
}

}  // namespace khien::tally
