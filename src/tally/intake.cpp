#include "tally/intake.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
constexpr std::string_view sql_count_names =
    "SELECT count(*) FROM new_name_told WHERE resolver = $1";
constexpr std::string_view sql_has_hits = R"(
SELECT 1 FROM rule_hits
WHERE resolver = $1 AND period = 'hour' AND from_ms = $2 AND source = $3 AND name = $4)";
constexpr std::string_view sql_has_told = R"(
SELECT 1 FROM new_name_told t JOIN new_name n ON n.id = t.name_id
WHERE t.resolver = $1 AND n.name = $2)";

InstantMs hour_of(InstantMs at_ms) noexcept { return at_ms - at_ms % ms_per_hour; }

Result<std::int64_t> count(store::Executor& db, std::string_view sql, std::string_view resolver) {
  auto row = db.query_one(sql, {resolver});
  if (!row) return propagate(std::move(row).error(), "count a resolver's rows");
  return (*row)->integer(0);
}

// ---- many rows in one statement: 20,000 round trips to PostgreSQL would take seconds. Three sizes
// make any number of rows, so that few statements are prepared.

constexpr std::array<std::size_t, 3> batch_sizes{256, 16, 1};

/// `head`, one `row` for each with its own parameters, `tail`. In `row`, $A, $B and $C stand for
/// those of the row; $1 and $2 are common to all.
std::string rows_sql(std::string_view head, std::string_view row, std::string_view tail,
                     std::size_t rows) {
  std::string sql{head};
  std::size_t next = 3;
  for (std::size_t i = 0; i < rows; ++i) {
    if (i > 0) sql += ", ";
    std::size_t used = 0;
    for (std::size_t at = 0; at < row.size(); ++at) {
      sql += row[at];
      if (row[at] != '$' || row[at + 1] < 'A') continue;
      const auto letter = static_cast<std::size_t>(row[++at] - 'A');
      sql += std::to_string(next + letter);
      used = std::max(used, letter + 1);
    }
    next += used;
  }
  return sql.append(tail);
}

/// A statement in each batch size. Constants of the program, made once.
class RowsStatement {
 public:
  RowsStatement(std::string_view head, std::string_view row, std::string_view tail) {
    for (std::size_t i = 0; i < batch_sizes.size(); ++i) {
      texts_[i] = rows_sql(head, row, tail, batch_sizes[i]);
    }
  }
  /// Runs it over all of `rows`; `bind(values, row)` appends a row's parameters.
  template <typename Row, typename Bind>
  Result<void> run(store::Transaction& tx, const std::vector<store::Value>& common,
                   std::span<const Row> rows, Bind bind) const {
    std::vector<store::Value> values;
    for (std::size_t i = 0; i < batch_sizes.size(); ++i) {
      for (; rows.size() >= batch_sizes[i]; rows = rows.subspan(batch_sizes[i])) {
        values = common;
        for (const Row& row : rows.first(batch_sizes[i])) bind(values, row);
        auto done = tx.execute(texts_[i], values);
        if (!done) return propagate(std::move(done).error(), "add what a resolver told");
      }
    }
    return {};
  }

 private:
  std::array<std::string, batch_sizes.size()> texts_;
};

const RowsStatement& add_hits_statement() {
  static const RowsStatement statement{
      "INSERT INTO rule_hits (resolver, period, from_ms, last_ms, source, name, hits) VALUES ",
      "($1, 'hour', $2, $2, $A, $B, $C)",
      " ON CONFLICT (source, name, resolver, period, from_ms) "
      "DO UPDATE SET hits = rule_hits.hits + excluded.hits"};
  return statement;
}
// $1 is named though nothing needs it, so that all statements count their parameters alike.
const RowsStatement& add_names_statement() {
  static const RowsStatement statement{
      "INSERT INTO new_name (first_ms, name) SELECT CAST($2 AS BIGINT), v.column1 FROM (VALUES ",
      "(CAST($A AS TEXT))",
      ") v WHERE CAST($1 AS TEXT) IS NOT NULL ON CONFLICT (name) DO UPDATE SET "
      "first_ms = excluded.first_ms WHERE new_name.first_ms > excluded.first_ms"};
  return statement;
}
const RowsStatement& tell_names_statement() {
  static const RowsStatement statement{
      "INSERT INTO new_name_told (name_id, resolver, hour_ms, networks) "
      "SELECT n.id, CAST($1 AS TEXT), CAST($2 AS BIGINT), v.column2 FROM (VALUES ",
      "(CAST($A AS TEXT), CAST($B AS BIGINT))",
      ") v JOIN new_name n ON n.name = v.column1 WHERE 1 = 1 "
      "ON CONFLICT (name_id, resolver) DO UPDATE SET "
      "networks = CASE WHEN new_name_told.networks < excluded.networks THEN excluded.networks "
      "ELSE new_name_told.networks END, "
      "hour_ms = CASE WHEN new_name_told.hour_ms > excluded.hour_ms THEN excluded.hour_ms "
      "ELSE new_name_told.hour_ms END"};
  return statement;
}

/// What stands in a table already; the rest takes room.
template <typename Row, typename IsThere>
Result<std::int64_t> leave_out(std::vector<Row>& rows, std::int64_t room, IsThere is_there) {
  if (static_cast<std::int64_t>(rows.size()) <= room) return 0;  // the common case asks nothing
  std::vector<Row> kept;
  std::int64_t left_out = 0;
  for (auto& row : rows) {
    auto there = is_there(row);
    if (!there) return tl::unexpected<Error>{std::move(there).error()};
    if (!*there && room <= 0) {
      ++left_out;
      continue;
    }
    if (!*there) --room;
    kept.push_back(std::move(row));
  }
  rows = std::move(kept);
  return left_out;
}

Result<bool> has_row(store::Executor& db, std::string_view sql,
                     std::initializer_list<store::Value> values) {
  auto row = db.query_one(sql, values);
  if (!row) return propagate(std::move(row).error(), "look for a row");
  return row->has_value();
}

/// How many rules found no room. One statement may not meet a row twice, so equal rules are added
/// up before.
Result<std::int64_t> add_rules(store::Transaction& tx, std::string_view resolver,
                               const Report& report, std::int64_t rows_max) {
  if (report.rules.empty()) return 0;
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> sums;
  for (const auto& rule : report.rules) sums[{rule.source, rule.name}] += rule.hits;
  using Row = std::pair<std::pair<std::string_view, std::string_view>, std::int64_t>;
  std::vector<Row> rows{sums.begin(), sums.end()};
  auto held = count(tx, sql_count_hits, resolver);
  if (!held) return held;
  const auto hour_ms = hour_of(report.to_ms);
  auto left_out = leave_out(rows, rows_max - *held, [&](const Row& row) {
    return has_row(tx, sql_has_hits, {resolver, hour_ms, row.first.first, row.first.second});
  });
  if (!left_out) return left_out;
  auto done = add_hits_statement().run(tx, {resolver, hour_ms}, std::span<const Row>{rows},
                                       [](std::vector<store::Value>& values, const Row& row) {
                                         values.emplace_back(row.first.first);
                                         values.emplace_back(row.first.second);
                                         values.emplace_back(row.second);
                                       });
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return left_out;
}

Result<std::int64_t> add_names(store::Transaction& tx, std::string_view resolver,
                               const Report& report, std::int64_t rows_max) {
  std::map<std::string_view, std::int64_t> most;
  std::int64_t too_few = 0;
  for (const auto& told : report.new_names) {
    if (told.networks < networks_min) {
      ++too_few;
      continue;
    }
    auto& networks = most[told.name];
    networks = std::max(networks, told.networks);
  }
  if (most.empty()) return too_few;
  using Row = std::pair<std::string_view, std::int64_t>;
  std::vector<Row> rows{most.begin(), most.end()};
  auto held = count(tx, sql_count_names, resolver);
  if (!held) return held;
  auto left_out = leave_out(rows, rows_max - *held, [&](const Row& row) {
    return has_row(tx, sql_has_told, {resolver, row.first});
  });
  if (!left_out) return left_out;
  const std::vector<store::Value> common{resolver, hour_of(report.to_ms)};
  auto done = add_names_statement().run(
      tx, common, std::span<const Row>{rows},
      [](std::vector<store::Value>& values, const Row& row) { values.emplace_back(row.first); });
  if (done) {
    done = tell_names_statement().run(tx, common, std::span<const Row>{rows},
                                      [](std::vector<store::Value>& values, const Row& row) {
                                        values.emplace_back(row.first);
                                        values.emplace_back(row.second);
                                      });
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return *left_out + too_few;
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
