// The moves of orders that need no signature (order.h).
#include "cases/deadline_rows.h"
#include "cases/enforcement_rows.h"
#include "cases/lift_proposal_rows.h"
#include "cases/order_force.h"

namespace khien::cases {
namespace {

using identity::Action;

struct Begun {
  OrderRow row;
  std::string reason;
};

// Rights come from facts of the order, so it is loaded first; a refusal says nothing of it.
Result<Begun> begin(store::Transaction& tx, const identity::Actor& actor, Action action,
                    const ReasonedMove& move, OrderState to) {
  auto row = load_order_row(tx, move.id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  identity::Facts facts;
  if (action == Action::order_refuse || action == Action::order_return) {
    facts.proposer = row->order.proposer;
  }
  if (action == Action::order_resume) {
    auto waits = waits_for_appeal(tx, move.id);
    if (!waits) return tl::unexpected<Error>{std::move(waits).error()};
    facts.suspended_for_appeal = *waits;
  }
  auto done = require(actor, action, facts);
  if (done) done = expect_version(move.version, row->order.version);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (!may_move(row->order.state, to)) {
    return wrong_state(to_string(row->order.state), to_string(to));
  }
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  return Begun{.row = std::move(*row), .reason = std::move(*reason)};
}

/// Kept is what is due for review, or what somebody proposed to lift.
Result<Begun> begin_keep(store::Transaction& tx, const identity::Actor& actor,
                         const ReasonedMove& move) {
  auto row = load_order_row(tx, move.id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  auto done = require(actor, Action::order_draft);
  if (done) done = expect_version(move.version, row->order.version);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto proposal = open_proposal(tx, move.id);
  if (!proposal) return tl::unexpected<Error>{std::move(proposal).error()};
  if (row->order.state != OrderState::due_review && !*proposal) {
    return wrong_state(to_string(row->order.state), "kept");
  }
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  return Begun{.row = std::move(*row), .reason = std::move(*reason)};
}

Result<Order> send_back(store::Transaction& tx, const Context& context,
                        const identity::Actor& actor, const Begun& begun, OrderState to,
                        std::string_view kind) {
  auto after = begun.row.order;
  after.state = to;
  if (to == OrderState::refused) after.end_reason = begun.reason;
  auto order = finish_order_move(tx, context, begun.row, after,
                                 {.kind = kind,
                                  .record = {},
                                  .record_id = {},
                                  .actor = actor.account_id,
                                  .text = begun.reason});
  if (!order) return order;
  auto done = close_deadlines(tx, context, order->id.value);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

}  // namespace

Result<Order> return_order(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const ReasonedMove& move) {
  auto begun = begin(tx, actor, Action::order_return, move, OrderState::returned);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  return send_back(tx, context, actor, *begun, OrderState::returned, "order.returned");
}

Result<Order> refuse_order(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const ReasonedMove& move) {
  auto order = load_order(tx, move.id);
  if (!order) return order;
  // What was not proposed is given up by those who draft; what was is refused by those who decide.
  const auto action = is_editable(order->state) ? Action::order_draft : Action::order_refuse;
  auto begun = begin(tx, actor, action, move, OrderState::refused);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  return send_back(tx, context, actor, *begun, OrderState::refused, "order.refused");
}

Result<Order> suspend_order(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const ReasonedMove& move,
                            std::optional<InstantMs> resumes_at_ms) {
  auto begun = begin(tx, actor, Action::order_suspend, move, OrderState::suspended);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  const auto now_ms = context.clock.now_ms();
  if (resumes_at_ms && *resumes_at_ms <= now_ms) {
    return fail(ErrorCode::invalid_argument, "the end of the suspension has passed",
                "end_date_past");
  }
  if (resumes_at_ms && *resumes_at_ms > now_ms + suspension_max_ms) {
    return fail(ErrorCode::invalid_argument, "a suspension lasts at most 90 days",
                "end_date_too_late");
  }
  return suspend(
      tx, context, begun->row,
      {.actor = actor.account_id, .reason = begun->reason, .resumes_at_ms = resumes_at_ms});
}

Result<Order> resume_order(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const ReasonedMove& move) {
  auto begun = begin(tx, actor, Action::order_resume, move, OrderState::approved);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  const auto& order = begun->row.order;
  // `approved` is reached from elsewhere, too, but never without a signature.
  if (order.state != OrderState::suspended) return wrong_state(to_string(order.state), "approved");
  if (*leaves_force_at(order) <= context.clock.now_ms()) return wrong_state("lapsed", "approved");
  return resume(tx, context, begun->row, actor.account_id, begun->reason);
}

Result<Order> lift_order(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const ReasonedMove& move) {
  auto begun = begin(tx, actor, Action::order_lift, move, OrderState::lifted);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  return end_order(tx, context, begun->row,
                   {.to = OrderState::lifted,
                    .kind = "order.lifted",
                    .actor = actor.account_id,
                    .reason = begun->reason});
}

Result<Order> keep_order(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const ReasonedMove& move) {
  auto begun = begin_keep(tx, actor, move);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  auto after = begun->row.order;
  if (after.state == OrderState::due_review) {
    auto state = enforced_state(tx, move.id, context.clock.now_ms());
    if (!state) return tl::unexpected<Error>{std::move(state).error()};
    after.state = *state;
  }
  after.recheck_at_ms = context.clock.now_ms() + recheck_period_ms;
  auto kept = finish_order_move(tx, context, begun->row, after,
                                {.kind = "order.reviewed",
                                 .record = {},
                                 .record_id = {},
                                 .actor = actor.account_id,
                                 .text = begun->reason});
  if (!kept) return kept;
  auto settled = settle_proposal(
      tx, context, kept->id,
      {.state = ProposalState::kept, .actor = actor.account_id, .reason = begun->reason});
  if (!settled) return tl::unexpected<Error>{std::move(settled).error()};
  if (kept->state == OrderState::suspended) return kept;  // resuming opens its deadlines
  auto done = open_deadline(tx, context,
                            {.kind = DeadlineKind::recheck,
                             .record = "order",
                             .record_id = kept->id.value,
                             .case_id = kept->case_id,
                             .due_at_ms = *kept->recheck_at_ms});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return kept;
}

}  // namespace khien::cases
