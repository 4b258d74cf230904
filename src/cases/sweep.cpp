// Acting on what is due (deadline.h).
#include "base/log.h"
#include "cases/case.h"
#include "cases/case_rows.h"
#include "cases/deadline.h"
#include "cases/deadline_rows.h"
#include "cases/lift_proposal_rows.h"
#include "cases/order_force.h"

namespace khien::cases {
namespace {

// What must leave force comes first. Deadlines that only grow overdue are looked at once.
constexpr std::string_view sql_due = R"(
SELECT id, kind, record_id FROM deadline
WHERE done_at_ms IS NULL AND overdue_at_ms IS NULL AND due_at_ms <= $1 AND id > $2
ORDER BY id LIMIT $3)";
constexpr std::string_view sql_due_ends = R"(
SELECT id, kind, record_id FROM deadline
WHERE done_at_ms IS NULL AND kind IN ('emergency_end', 'order_end', 'proposal_end')
  AND due_at_ms <= $1 AND id > $2
ORDER BY id LIMIT $3)";
constexpr std::string_view sql_still_open =
    "SELECT count(*) FROM deadline WHERE id = $1 AND done_at_ms IS NULL AND due_at_ms <= $2";
constexpr std::string_view sql_overdue =
    "UPDATE deadline SET overdue_at_ms = $2 WHERE id = $1 AND done_at_ms IS NULL";
constexpr std::string_view sql_done =
    "UPDATE deadline SET done_at_ms = $2 WHERE id = $1 AND done_at_ms IS NULL";

struct Due {
  std::int64_t id;
  DeadlineKind kind;
  std::string record_id;
};

Result<std::vector<Due>> read_due(store::Database& db, std::string_view sql, InstantMs now_ms,
                                  std::int64_t after) {
  return db.read([&](store::Executor& executor) -> Result<std::vector<Due>> {
    auto rows = executor.query(sql, {now_ms, after, sweep_batch});
    if (!rows) return propagate(std::move(rows).error(), "list what is due");
    std::vector<Due> due;
    for (const auto& row : *rows) {
      const auto kind = parse_deadline_kind(row.text(1));
      if (!kind) return fail(ErrorCode::corrupt, "a deadline of an unknown kind");
      due.push_back({row.integer(0), *kind, row.text(2)});
    }
    return due;
  });
}

Result<bool> wake_case(store::Transaction& tx, const Context& context, const CaseId& id) {
  auto value = load_case(tx, id);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  if (value->state != CaseState::on_hold) return false;
  auto after = *value;
  after.state = CaseState::assessing;
  after.hold_until_ms = std::nullopt;
  auto done = finish_case_move(tx, context, *value, after,
                               {.kind = "case.moved", .record = {}, .record_id = {}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return true;
}

// What time decides is done; of the rest it is noted that their time has passed.
Result<bool> act(store::Transaction& tx, const Context& context, const Due& due) {
  const OrderId order{due.record_id};
  switch (due.kind) {
    case DeadlineKind::emergency_end:
    case DeadlineKind::order_end: return lapse_if_due(tx, context, order);
    case DeadlineKind::proposal_end: return lapse_if_proposed(tx, context, order);
    case DeadlineKind::recheck: return review_if_due(tx, context, order);
    case DeadlineKind::resume: return resume_if_due(tx, context, order);
    case DeadlineKind::hold_end: return wake_case(tx, context, CaseId{due.record_id});
    default: break;
  }
  auto done = tx.execute(sql_overdue, {due.id, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "note an overdue deadline");
  tx.notify(channel_records);
  return true;
}

bool acts(DeadlineKind kind) noexcept {
  switch (kind) {
    case DeadlineKind::emergency_end:
    case DeadlineKind::order_end:
    case DeadlineKind::proposal_end:
    case DeadlineKind::recheck:
    case DeadlineKind::resume:
    case DeadlineKind::hold_end: return true;
    default: return false;
  }
}

Result<bool> act_once(store::Database& db, const Context& context, const Due& due) {
  return db.transact([&](store::Transaction& tx) -> Result<bool> {
    auto open = tx.query_one(sql_still_open, {due.id, context.clock.now_ms()});
    if (!open) return propagate(std::move(open).error(), "look at a deadline again");
    if ((*open)->integer(0) == 0) return false;  // another process was faster
    auto did = act(tx, context, due);
    if (!did || !acts(due.kind)) return did;
    // A deadline that has been acted on is over, also where there was nothing left to do.
    auto done = tx.execute(sql_done, {due.id, context.clock.now_ms()});
    if (!done) return propagate(std::move(done).error(), "close a deadline");
    return did;
  });
}

void count(const Due& due, SweepCounts& counts) noexcept {
  switch (due.kind) {
    case DeadlineKind::emergency_end: ++counts.emergencies_lapsed; break;
    case DeadlineKind::order_end: ++counts.lapsed; break;
    case DeadlineKind::proposal_end: ++counts.proposals_lapsed; break;
    case DeadlineKind::recheck: ++counts.rechecks; break;
    case DeadlineKind::resume: ++counts.resumed; break;
    case DeadlineKind::hold_end: ++counts.woken; break;
    default: ++counts.overdue; break;
  }
}

Result<void> sweep_with(store::Database& db, const Context& context, std::string_view sql,
                        SweepCounts& counts) {
  // Each deadline is tried once a sweep: one that fails is passed by, and tried by the next sweep.
  std::int64_t after = 0;
  for (;;) {
    auto due = read_due(db, sql, context.clock.now_ms(), after);
    if (!due) return tl::unexpected<Error>{std::move(due).error()};
    for (const auto& item : *due) {
      after = item.id;
      auto did = act_once(db, context, item);
      if (!did) {
        ++counts.failed;
        KHIEN_LOG(error, "deadline_failed", {"kind", to_string(item.kind)},
                  {"record", item.record_id}, {"error", did.error().message});
      } else if (*did) {
        count(item, counts);
      }
    }
    if (due->size() < static_cast<std::size_t>(sweep_batch)) return {};
  }
}

}  // namespace

Result<SweepCounts> sweep(store::Database& db, const Context& context) {
  SweepCounts counts;
  auto done = sweep_with(db, context, sql_due_ends, counts);
  if (done) done = sweep_with(db, context, sql_due, counts);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return counts;
}

}  // namespace khien::cases
