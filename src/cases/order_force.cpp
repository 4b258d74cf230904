#include "cases/order_force.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cases/deadline_rows.h"
#include "cases/lift_proposal_rows.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_take_sequence =
    "UPDATE publication_counter SET used = used + 1 WHERE one = 1 RETURNING used";
constexpr std::string_view sql_insert = R"(
INSERT INTO publication (sequence, order_id, action, basis, category, name, scope, at_ms,
  serve_until_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))";
constexpr std::string_view sql_end_standing = R"(
UPDATE publication SET removed_by = $3
WHERE order_id = $1 AND basis = $2 AND action = 'add' AND removed_by IS NULL)";
constexpr std::string_view sql_standing = R"(
SELECT basis FROM publication WHERE order_id = $1 AND action = 'add' AND removed_by IS NULL
ORDER BY sequence)";
constexpr std::string_view sql_forget_enforcement = "DELETE FROM enforcement WHERE order_id = $1";
constexpr std::string_view sql_appeal_suspends = R"(
SELECT count(*) FROM appeal WHERE order_id = $1 AND suspends = 1
  AND state IN ('admitted', 'assigned'))";

// A recheck that is due before the order is even served waits this long.
constexpr std::int64_t recheck_again_ms = ms_per_hour;

Basis basis_of(const Order& order) noexcept {
  return order.emergency_ends_at_ms ? Basis::emergency : Basis::orders;
}

Result<std::int64_t> insert_publication(store::Transaction& tx, const Context& context,
                                        const Order& order, PublicationAction action,
                                        std::string_view basis) {
  // A counter in a row, not a sequence of the engine: rows get their numbers in the order of their
  // commits and without gaps, so a publisher can wait for "the next".
  auto row = tx.query_one(sql_take_sequence);
  if (!row) return propagate(std::move(row).error(), "number a publication");
  if (!row->has_value()) return fail(ErrorCode::corrupt, "the publication counter is gone");
  const auto sequence = (*row)->integer(0);
  const auto now_ms = context.clock.now_ms();
  const auto until_ms =
      action == PublicationAction::add ? leaves_force_at(order).value_or(now_ms) : now_ms;
  auto done = tx.execute(
      sql_insert,
      {sequence, order.id, action == PublicationAction::add ? "add" : "remove", basis,
       to_string(*order.category), order.name, to_string(order.scope), now_ms, until_ms});
  if (!done) return propagate(std::move(done).error(), "ask for a publication");
  tx.notify(channel_publication);
  return sequence;
}

Result<void> remove_standing(store::Transaction& tx, const Context& context, const Order& order,
                             std::string_view basis) {
  auto sequence = insert_publication(tx, context, order, PublicationAction::remove, basis);
  if (!sequence) return tl::unexpected<Error>{std::move(sequence).error()};
  auto done = tx.execute(sql_end_standing, {order.id, basis, *sequence});
  if (!done) return propagate(std::move(done).error(), "end a publication");
  return {};
}

/// What the end of an order makes of an open proposal to lift it.
ProposalState outcome_of(OrderState end) noexcept {
  if (end == OrderState::lifted) return ProposalState::lifted;
  return end == OrderState::lapsed ? ProposalState::lapsed : ProposalState::withdrawn;
}

Result<void> open_order_deadline(store::Transaction& tx, const Context& context, const Order& order,
                                 DeadlineKind kind, InstantMs due_at_ms) {
  return open_deadline(tx, context,
                       {.kind = kind,
                        .record = "order",
                        .record_id = order.id.value,
                        .case_id = order.case_id,
                        .due_at_ms = due_at_ms});
}

}  // namespace

Result<void> publish_order(store::Transaction& tx, const Context& context, const Order& order) {
  auto sequence =
      insert_publication(tx, context, order, PublicationAction::add, to_string(basis_of(order)));
  if (!sequence) return tl::unexpected<Error>{std::move(sequence).error()};
  return {};
}

Result<void> unpublish_order(store::Transaction& tx, const Context& context, const Order& order) {
  auto rows = tx.query(sql_standing, {order.id});
  if (!rows) return propagate(std::move(rows).error(), "look what stands of an order");
  for (const auto& row : *rows) {
    auto done = remove_standing(tx, context, order, row.text(0));
    if (!done) return done;
  }
  return {};
}

Result<void> unpublish_emergency(store::Transaction& tx, const Context& context,
                                 const Order& order) {
  return remove_standing(tx, context, order, to_string(Basis::emergency));
}

Result<void> open_force_deadlines(store::Transaction& tx, const Context& context,
                                  const Order& order) {
  const auto now_ms = context.clock.now_ms();
  auto done = close_deadline(tx, context, order.id.value, DeadlineKind::approve);
  if (done)
    done = open_order_deadline(tx, context, order, DeadlineKind::order_end,
                               order.ends_at_ms.value_or(now_ms));
  if (done && order.emergency_ends_at_ms) {
    done = open_order_deadline(tx, context, order, DeadlineKind::emergency_end,
                               *order.emergency_ends_at_ms);
  }
  if (done && order.recheck_at_ms) {
    done = open_order_deadline(tx, context, order, DeadlineKind::recheck, *order.recheck_at_ms);
  }
  if (done) {
    done =
        open_order_deadline(tx, context, order, DeadlineKind::enforce, now_ms + enforce_within_ms);
  }
  return done;
}

Result<Order> end_order(store::Transaction& tx, const Context& context, const OrderRow& row,
                        const Ending& ending) {
  auto after = row.order;
  after.state = ending.to;
  after.ended_at_ms = context.clock.now_ms();
  after.end_reason = ending.reason;
  after.resumes_at_ms = std::nullopt;
  auto order = finish_order_move(tx, context, row, after,
                                 {.kind = ending.kind,
                                  .record = {},
                                  .record_id = {},
                                  .actor = ending.actor,
                                  .text = ending.reason,
                                  .fields = ending.fields});
  if (!order) return order;
  auto settled = settle_proposal(
      tx, context, order->id,
      {.state = outcome_of(ending.to), .actor = ending.actor, .reason = ending.reason});
  if (!settled) return tl::unexpected<Error>{std::move(settled).error()};
  auto done = close_deadlines(tx, context, order->id.value);
  if (done && ending.to == OrderState::renewed) {
    // The name stays blocked under the successor, whose rows tell how: there is no lift to prove.
    auto forgotten = tx.execute(sql_forget_enforcement, {order->id});
    if (!forgotten) return propagate(std::move(forgotten).error(), "hand enforcement over");
  } else if (done) {
    done = unpublish_order(tx, context, *order);
    if (done) {
      done = open_order_deadline(tx, context, *order, DeadlineKind::lift,
                                 context.clock.now_ms() + lift_within_ms);
    }
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

Result<Order> suspend(store::Transaction& tx, const Context& context, const OrderRow& row,
                      const Suspension& suspension) {
  auto after = row.order;
  after.state = OrderState::suspended;
  after.resumes_at_ms = suspension.resumes_at_ms;
  auto order = finish_order_move(tx, context, row, after,
                                 {.kind = suspension.kind,
                                  .record = {},
                                  .record_id = {},
                                  .actor = suspension.actor,
                                  .text = suspension.reason,
                                  .fields = suspension.fields});
  if (!order) return order;
  auto done = unpublish_order(tx, context, *order);
  if (done) done = close_deadline(tx, context, order->id.value, DeadlineKind::enforce);
  if (done) done = close_deadline(tx, context, order->id.value, DeadlineKind::recheck);
  if (done && suspension.resumes_at_ms) {
    done =
        open_order_deadline(tx, context, *order, DeadlineKind::resume, *suspension.resumes_at_ms);
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

Result<Order> resume(store::Transaction& tx, const Context& context, const OrderRow& row,
                     const identity::AccountId& actor, std::string reason) {
  auto after = row.order;
  after.state = OrderState::approved;
  after.resumes_at_ms = std::nullopt;
  auto order = finish_order_move(tx, context, row, after,
                                 {.kind = "order.resumed",
                                  .record = {},
                                  .record_id = {},
                                  .actor = actor,
                                  .text = std::move(reason)});
  if (!order) return order;
  auto done = close_deadline(tx, context, order->id.value, DeadlineKind::resume);
  if (done) done = publish_order(tx, context, *order);
  if (done) done = open_force_deadlines(tx, context, *order);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

Result<bool> waits_for_appeal(store::Executor& db, const OrderId& id) {
  auto row = db.query_one(sql_appeal_suspends, {id});
  if (!row) return propagate(std::move(row).error(), "look for an appeal");
  return (*row)->integer(0) > 0;
}

Result<bool> lapse_if_due(store::Transaction& tx, const Context& context, const OrderId& id) {
  auto row = load_order_row(tx, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const auto& order = row->order;
  const auto due_at_ms = leaves_force_at(order);
  const bool lives = is_in_force(order.state) || order.state == OrderState::suspended;
  if (!lives || !due_at_ms || *due_at_ms > context.clock.now_ms()) return false;
  const bool emergency = order.emergency_ends_at_ms == due_at_ms;
  auto done = end_order(
      tx, context, *row,
      {.to = OrderState::lapsed,
       .kind = "order.lapsed",
       .reason = emergency ? "no second signature within four hours" : "end date reached"});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return true;
}

Result<bool> review_if_due(store::Transaction& tx, const Context& context, const OrderId& id) {
  auto row = load_order_row(tx, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const auto& order = row->order;
  if (!order.recheck_at_ms || *order.recheck_at_ms > context.clock.now_ms()) return false;
  if (!may_move(order.state, OrderState::due_review)) {
    if (order.state != OrderState::approved) return false;
    auto later = open_order_deadline(tx, context, order, DeadlineKind::recheck,
                                     context.clock.now_ms() + recheck_again_ms);
    if (!later) return tl::unexpected<Error>{std::move(later).error()};
    return false;
  }
  auto after = order;
  after.state = OrderState::due_review;
  auto done = finish_order_move(tx, context, *row, after,
                                {.kind = "order.review_due", .record = {}, .record_id = {}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return true;
}

Result<bool> resume_if_due(store::Transaction& tx, const Context& context, const OrderId& id) {
  auto row = load_order_row(tx, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const auto& order = row->order;
  if (order.state != OrderState::suspended || !order.resumes_at_ms ||
      *order.resumes_at_ms > context.clock.now_ms()) {
    return false;
  }
  auto waits = waits_for_appeal(tx, id);
  if (!waits) return tl::unexpected<Error>{std::move(waits).error()};
  if (*waits) return false;
  auto done = resume(tx, context, *row, {}, "the time of the suspension is over");
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return true;
}

}  // namespace khien::cases
