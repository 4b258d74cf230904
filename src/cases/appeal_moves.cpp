#include <algorithm>

#include "cases/appeal.h"
#include "cases/appeal_rows.h"
#include "cases/deadline_rows.h"
#include "cases/order_force.h"
#include "cases/record.h"
#include "cases/report_rows.h"
#include "cases/settings.h"

namespace khien::cases {
namespace {

using identity::Action;

// Touching means deciding something about it; what an appeal itself did does not count, or nobody
// could decide the appeal that he admitted.
constexpr std::string_view sql_touched = R"(
SELECT DISTINCT actor FROM case_event
WHERE record = 'order' AND record_id = $1 AND actor IS NOT NULL LIMIT 1000)";
constexpr std::string_view sql_save = R"(
UPDATE appeal SET state = $3, suspends = $4, assignee = $5, outcome = $6, reason = $7,
  decided_at_ms = $8, change_sequence = $9, version = version + 1
WHERE id = $1 AND version = $2)";
constexpr std::string_view sql_contact = "SELECT sealed FROM appeal_contact WHERE appeal_id = $1";

struct Begun {
  Appeal appeal;
  std::string reason;
};

Result<Begun> begin(store::Transaction& tx, const identity::Actor& actor, const AppealMove& move,
                    AppealState to) {
  auto appeal = load_appeal(tx, move.id);
  if (!appeal) return tl::unexpected<Error>{std::move(appeal).error()};
  auto touched = touched_by(tx, appeal->order);
  if (!touched) return tl::unexpected<Error>{std::move(touched).error()};
  auto done = require(actor, Action::appeal_decide, {.touched_by = *touched});
  if (done) done = expect_version(move.version, appeal->version);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (!may_move(appeal->state, to)) {
    return wrong_state(to_string(appeal->state), to_string(to));
  }
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  return Begun{.appeal = std::move(*appeal), .reason = std::move(*reason)};
}

Result<Appeal> finish(store::Transaction& tx, const Context& context, const Appeal& before,
                      const Appeal& after, Happening happening) {
  happening.record = "appeal";
  happening.record_id = before.id.value;
  happening.case_id = before.case_id;
  happening.before = to_string(before.state);
  happening.after = to_string(after.state);
  happening.fields.push_back({"order", before.order.value});
  if (after.outcome) {
    happening.fields.push_back({"outcome", std::string{to_string(*after.outcome)}});
  }
  auto event = record_event(tx, context, happening);
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  std::optional<std::string_view> outcome;
  if (after.outcome) outcome = to_string(*after.outcome);
  auto done = tx.execute(sql_save,
                         {before.id, before.version, to_string(after.state), after.suspends ? 1 : 0,
                          after.assignee, outcome, after.reason, after.decided_at_ms, *event});
  if (!done) return propagate(std::move(done).error(), "save an appeal");
  if (*done != 1) return fail(ErrorCode::conflict, "the appeal has changed", "stale_version");
  return load_appeal(tx, before.id);
}

// The order's part of a decision: lifted where the objector is right, resumed where only the appeal
// kept it suspended.
Result<void> execute(store::Transaction& tx, const Context& context, const identity::Actor& actor,
                     const Appeal& appeal) {
  auto row = load_order_row(tx, appeal.order);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  if (appeal.outcome != AppealOutcome::denied) {
    if (!may_move(row->order.state, OrderState::lifted)) return {};  // it ended by itself meanwhile
    auto lifted = end_order(tx, context, *row,
                            {.to = OrderState::lifted,
                             .kind = "order.lifted",
                             .actor = actor.account_id,
                             .reason = "appeal " + appeal.number});
    if (!lifted) return tl::unexpected<Error>{std::move(lifted).error()};
    return {};
  }
  if (!appeal.suspends || row->order.state != OrderState::suspended) return {};
  auto waits = waits_for_appeal(tx, appeal.order);  // another appeal may still hold it
  if (!waits) return tl::unexpected<Error>{std::move(waits).error()};
  if (*waits) return {};
  auto resumed = resume(tx, context, *row, actor.account_id, "appeal " + appeal.number + " denied");
  if (!resumed) return tl::unexpected<Error>{std::move(resumed).error()};
  return {};
}

Result<void> open_decision_deadline(store::Transaction& tx, const Context& context,
                                    const Appeal& appeal) {
  auto calendar = read_calendar(tx);
  if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
  auto done = close_deadline(tx, context, appeal.id.value, DeadlineKind::appeal_answer);
  if (!done) return done;
  return open_deadline(
      tx, context,
      {.kind = DeadlineKind::appeal_decision,
       .record = "appeal",
       .record_id = appeal.id.value,
       .case_id = appeal.case_id,
       .due_at_ms = after_working_days(appeal.lodged_at_ms, appeal_decision_days, *calendar)});
}

}  // namespace

Result<std::vector<identity::AccountId>> touched_by(store::Executor& db, const OrderId& order) {
  auto rows = db.query(sql_touched, {order.value});
  if (!rows) return propagate(std::move(rows).error(), "look who touched an order");
  std::vector<identity::AccountId> accounts;
  for (const auto& row : *rows) accounts.push_back({row.text(0)});
  return accounts;
}

Result<bool> took_part(store::Executor& db, const OrderId& order,
                       const identity::AccountId& account) {
  auto touched = touched_by(db, order);
  if (!touched) return tl::unexpected<Error>{std::move(touched).error()};
  return std::find(touched->begin(), touched->end(), account) != touched->end();
}

Result<std::optional<std::string>> open_appeal_contact(store::Executor& db, const Context& context,
                                                       const AppealId& id) {
  return open_contact_row(db.query_one(sql_contact, {id}), context, contact_context(id));
}

Result<Appeal> refuse_appeal(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const AppealMove& move) {
  auto begun = begin(tx, actor, move, AppealState::inadmissible);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  auto after = begun->appeal;
  after.state = AppealState::inadmissible;
  after.reason = begun->reason;
  after.decided_at_ms = context.clock.now_ms();
  auto closed = close_deadlines(tx, context, move.id.value);
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  return finish(tx, context, begun->appeal, after,
                {.kind = "appeal.inadmissible",
                 .record = {},
                 .record_id = {},
                 .actor = actor.account_id,
                 .text = begun->reason});
}

Result<Appeal> admit_appeal(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const AppealMove& move, bool suspend_it) {
  auto begun = begin(tx, actor, move, AppealState::admitted);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  auto row = load_order_row(tx, begun->appeal.order);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  auto after = begun->appeal;
  after.state = AppealState::admitted;
  after.reason = begun->reason;
  if (suspend_it && is_in_force(row->order.state)) {
    after.suspends = true;
    // The suspension is the appeal's, not this officer's: it does not make a party of him.
    auto suspended = suspend(tx, context, *row, {.reason = "appeal " + begun->appeal.number});
    if (!suspended) return tl::unexpected<Error>{std::move(suspended).error()};
  } else if (suspend_it && row->order.state == OrderState::suspended) {
    after.suspends = true;
    auto closed = close_deadline(tx, context, row->order.id.value, DeadlineKind::resume);
    if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  }
  auto opened = open_decision_deadline(tx, context, begun->appeal);
  if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
  return finish(tx, context, begun->appeal, after,
                {.kind = "appeal.admitted",
                 .record = {},
                 .record_id = {},
                 .actor = actor.account_id,
                 .text = begun->reason});
}

Result<Appeal> assign_appeal(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const AppealMove& move,
                             const identity::AccountId& account) {
  auto begun = begin(tx, actor, move, AppealState::assigned);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  auto part = took_part(tx, begun->appeal.order, account);
  if (!part) return tl::unexpected<Error>{std::move(part).error()};
  if (*part) {
    return fail(ErrorCode::denied, "that person took part in the order", "touched_order");
  }
  auto after = begun->appeal;
  after.state = AppealState::assigned;
  after.assignee = account;
  after.reason = begun->reason;
  return finish(tx, context, begun->appeal, after,
                {.kind = "appeal.assigned",
                 .record = {},
                 .record_id = {},
                 .actor = actor.account_id,
                 .text = begun->reason});
}

Result<Appeal> decide_appeal(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const AppealMove& move,
                             AppealOutcome outcome) {
  auto begun = begin(tx, actor, move, AppealState::decided);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  if (begun->appeal.assignee != actor.account_id) {
    return fail(ErrorCode::denied, "the appeal is assigned to somebody else", "not_assigned");
  }
  auto after = begun->appeal;
  after.state = AppealState::decided;
  after.outcome = outcome;
  after.reason = begun->reason;
  after.decided_at_ms = context.clock.now_ms();
  auto decided = finish(tx, context, begun->appeal, after,
                        {.kind = "appeal.decided",
                         .record = {},
                         .record_id = {},
                         .actor = actor.account_id,
                         .text = begun->reason});
  if (!decided) return decided;
  auto done = execute(tx, context, actor, *decided);
  if (done) done = close_deadlines(tx, context, move.id.value);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  after = *decided;
  after.state = AppealState::executed;
  return finish(
      tx, context, *decided, after,
      {.kind = "appeal.executed", .record = {}, .record_id = {}, .actor = actor.account_id});
}

}  // namespace khien::cases
