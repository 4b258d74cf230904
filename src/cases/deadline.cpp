#include "cases/deadline.h"

#include <algorithm>
#include <array>

#include "cases/deadline_rows.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 13> kind_words{
    "screen",        "approve",         "emergency_end", "order_end", "recheck",
    "resume",        "hold_end",        "task",          "enforce",   "lift",
    "appeal_answer", "appeal_decision", "proposal_end"};

#define KHIEN_OPEN_DEADLINES                                           \
  "SELECT kind, record, record_id, case_id, due_at_ms, overdue_at_ms " \
  "FROM deadline WHERE done_at_ms IS NULL AND "
constexpr std::string_view sql_open_list =
    KHIEN_OPEN_DEADLINES "due_at_ms <= $1 ORDER BY due_at_ms, id LIMIT $2";
constexpr std::string_view sql_of_case =
    KHIEN_OPEN_DEADLINES "case_id = $1 ORDER BY due_at_ms, id LIMIT $2";
constexpr std::string_view sql_of_record =
    KHIEN_OPEN_DEADLINES "record_id = $1 ORDER BY due_at_ms, id LIMIT $2";
#undef KHIEN_OPEN_DEADLINES
constexpr std::string_view sql_next =
    "SELECT min(due_at_ms) FROM deadline WHERE done_at_ms IS NULL AND overdue_at_ms IS NULL";
constexpr std::string_view sql_insert = R"(
INSERT INTO deadline (kind, record, record_id, case_id, due_at_ms) VALUES ($1, $2, $3, $4, $5))";
constexpr std::string_view sql_close =
    "UPDATE deadline SET done_at_ms = $3 WHERE record_id = $1 AND kind = $2 AND done_at_ms IS NULL";
constexpr std::string_view sql_close_all =
    "UPDATE deadline SET done_at_ms = $2 WHERE record_id = $1 AND done_at_ms IS NULL";

constexpr int open_list_max = 1'000;
constexpr int of_case_max = 200;

Result<std::vector<Deadline>> read_all(const Result<std::vector<store::Row>>& rows) {
  if (!rows) return propagate(Error{rows.error()}, "list deadlines");
  std::vector<Deadline> deadlines;
  deadlines.reserve(rows->size());
  for (const auto& row : *rows) {
    const auto kind = parse_deadline_kind(row.text(0));
    if (!kind) return fail(ErrorCode::corrupt, "a deadline of an unknown kind");
    deadlines.push_back({.kind = *kind,
                         .record = row.text(1),
                         .record_id = row.text(2),
                         .case_id = CaseId{row.optional_text(3).value_or("")},
                         .due_at_ms = row.integer(4),
                         .overdue_at_ms = row.optional_integer(5)});
  }
  return deadlines;
}

}  // namespace

std::string_view to_string(DeadlineKind kind) noexcept {
  return kind_words[static_cast<std::size_t>(kind)];
}

std::optional<DeadlineKind> parse_deadline_kind(std::string_view word) noexcept {
  const auto found = std::find(kind_words.begin(), kind_words.end(), word);
  if (found == kind_words.end()) return std::nullopt;
  return static_cast<DeadlineKind>(found - kind_words.begin());
}

Result<std::vector<Deadline>> open_deadlines(store::Executor& db, InstantMs until_ms, int limit) {
  return read_all(db.query(sql_open_list, {until_ms, std::clamp(limit, 1, open_list_max)}));
}

Result<std::vector<Deadline>> deadlines_of_case(store::Executor& db, const CaseId& id) {
  return read_all(db.query(sql_of_case, {id, of_case_max}));
}

Result<std::vector<Deadline>> deadlines_of(store::Executor& db, std::string_view record_id) {
  return read_all(db.query(sql_of_record, {record_id, of_case_max}));
}

Result<std::optional<InstantMs>> next_due(store::Executor& db) {
  auto row = db.query_one(sql_next);
  if (!row) return propagate(std::move(row).error(), "find the next deadline");
  if (!row->has_value()) return std::optional<InstantMs>{};
  return (*row)->optional_integer(0);
}

Result<void> open_deadline(store::Transaction& tx, const Context& context,
                           const DeadlineDraft& draft) {
  auto closed = close_deadline(tx, context, draft.record_id, draft.kind);
  if (!closed) return closed;
  auto done = tx.execute(sql_insert, {to_string(draft.kind), draft.record, draft.record_id,
                                      draft.case_id, draft.due_at_ms});
  if (!done) return propagate(std::move(done).error(), "open a deadline");
  return {};
}

Result<void> close_deadline(store::Transaction& tx, const Context& context,
                            std::string_view record_id, DeadlineKind kind) {
  auto done = tx.execute(sql_close, {record_id, to_string(kind), context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "close a deadline");
  return {};
}

Result<void> close_deadlines(store::Transaction& tx, const Context& context,
                             std::string_view record_id) {
  auto done = tx.execute(sql_close_all, {record_id, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "close deadlines");
  return {};
}

}  // namespace khien::cases
