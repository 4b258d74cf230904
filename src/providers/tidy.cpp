#include "providers/tidy.h"

#include <utility>

namespace khien::providers {
namespace {

constexpr std::string_view sql_statements = R"(
DELETE FROM probe_statement WHERE run_id IN (SELECT run_id FROM probe_statement
  WHERE at_ms < $1 AND (body IS NULL OR at_ms < $2) ORDER BY at_ms, run_id LIMIT $3))";
constexpr std::string_view sql_events = R"(
DELETE FROM provider_check_event WHERE id IN (SELECT id FROM provider_check_event
  WHERE at_ms < $1 ORDER BY at_ms, id LIMIT $2))";

}  // namespace

Result<std::int64_t> tidy(store::Database& database, const Context& context) {
  const auto now_ms = context.clock.now_ms();
  return database.transact([&](store::Transaction& tx) -> Result<std::int64_t> {
    auto statements = tx.execute(
        sql_statements, {now_ms - statements_kept_ms, now_ms - proofs_kept_ms, tidy_rows_max});
    if (!statements) return propagate(std::move(statements).error(), "delete old statements");
    auto events = tx.execute(sql_events, {now_ms - proofs_kept_ms, tidy_rows_max});
    if (!events) return propagate(std::move(events).error(), "delete old changes");
    return *statements + *events;
  });
}

}  // namespace khien::providers
