#include "cases/order_rules.h"

#include <fmt/format.h>

#include "cases/settings.h"
#include "evidence/item.h"

namespace khien::cases {
namespace {

using identity::Action;

constexpr std::string_view sql_standing_other = R"(
SELECT count(*) FROM block_order
WHERE name = $1 AND scope = $2 AND category = $3 AND id <> $4
  AND state IN ('approved', 'published', 'enforced', 'verified', 'due_review', 'suspended')
  AND NOT (id = $5 AND state <> 'suspended'))";

tl::unexpected<Error> bad(std::string message, std::string reason) {
  return fail(ErrorCode::invalid_argument, std::move(message), std::move(reason));
}

Result<void> check_ground(store::Executor& db, const Order& order, InstantMs now_ms) {
  if (order.ground.empty()) return bad("an order needs a legal ground", "no_legal_ground");
  auto ground = load_instrument(db, order.ground);
  if (!ground) {
    if (ground.error().code != ErrorCode::not_found) {
      return propagate(std::move(ground).error(), "check the ground of an order");
    }
    return bad("the legal ground is unknown", "no_legal_ground");
  }
  if (!supports(*ground, *order.category, now_ms)) {
    return bad("the legal ground is not in force for this category", "no_legal_ground");
  }
  return {};
}

Result<void> check_end(const Order& order, InstantMs now_ms) {
  if (!order.ends_at_ms) return bad("an order needs an end date", "no_end_date");
  if (*order.ends_at_ms <= now_ms) return bad("the end date has passed", "end_date_past");
  const auto days_max = facts_of(*order.category).order_days_max;
  if (*order.ends_at_ms > now_ms + days_max * ms_per_day) {
    return bad(fmt::format("an order of this category lasts at most {} days", days_max),
               "end_date_too_late");
  }
  return {};
}

Result<void> check_impact(const Order& order, InstantMs now_ms) {
  if (!order.impact_at_ms || order.impact.empty()) {
    return fail(ErrorCode::conflict, "the impact was not checked", "impact_missing");
  }
  if (order.impact_verdict == "refuse") {
    return fail(ErrorCode::conflict, "the impact check refuses this name", "impact_refused");
  }
  if (now_ms - *order.impact_at_ms > impact_life_ms) {
    return fail(ErrorCode::conflict, "the impact check is older than 24 hours", "impact_stale");
  }
  return {};
}

Result<void> check_alone(store::Executor& db, const Order& order) {
  auto row = db.query_one(sql_standing_other,
                          {order.name, stored_scope(order.scope), to_string(*order.category),
                           order.id.value, order.renews.value});
  if (!row) return propagate(std::move(row).error(), "look for another order");
  if ((*row)->integer(0) == 0) return {};
  return fail(ErrorCode::conflict, "another order stands for this name", "already_ordered");
}

// Each item must be evidence of the order's own case.
Result<void> check_evidence(store::Executor& db, const Order& order) {
  if (order.evidence_ids.empty()) return bad("an order needs an item of evidence", "no_evidence");
  for (const auto& id : order.evidence_ids) {
    auto item = evidence::load_item(db, {id});
    if (!item && item.error().code != ErrorCode::not_found) {
      return propagate(std::move(item).error(), "check the evidence of an order");
    }
    if (!item || item->case_id != order.case_id.value) {
      return bad("an item is not evidence of this case", "unknown_evidence");
    }
    if (item->destroyed) return bad("an item of evidence was destroyed", "destroyed");
  }
  return {};
}

Result<void> check_right(const identity::Actor& actor, const Order& order, SignedMove move) {
  switch (move) {
    case SignedMove::propose: return require(actor, Action::order_propose);
    case SignedMove::emergency: return require(actor, Action::order_emergency);
    case SignedMove::approve:
    case SignedMove::ratify: return require(actor, Action::order_approve, signing_facts(order));
  }
  return fail(ErrorCode::internal, "an unknown signed move");
}

// The state from which the move starts, which says more than the table of states: an order comes to
// `approved` by a second signature, by an emergency, and back from suspension.
bool starts_from(const Order& order, SignedMove move) noexcept {
  switch (move) {
    case SignedMove::propose:
    case SignedMove::emergency: return order.state == OrderState::impact_checked;
    case SignedMove::approve: return order.state == OrderState::proposed;
    case SignedMove::ratify:
      return order.emergency_ends_at_ms && order.approver.empty() && is_in_force(order.state);
  }
  return false;
}

}  // namespace

bool is_of_other_unit(const Order& order) noexcept {
  // A unit that is not known is no other unit.
  return !order.co_approver_unit.empty() && !order.proposer_unit.empty() &&
         order.co_approver_unit != order.proposer_unit;
}

identity::Facts signing_facts(const Order& order) {
  // Of three signers one of the last two is of another unit, whichever of them it is.
  const bool first_of_two = needs_third(order.scope) && order.co_approver.empty();
  const bool other_has_signed = !order.co_approver.empty() && is_of_other_unit(order);
  return {.proposer = order.proposer,
          .proposer_unit = order.proposer_unit,
          .needs_other_unit = order.class_a && !first_of_two && !other_has_signed,
          .signed_by = order.co_approver};
}

bool is_class_a(const Order& order) noexcept {
  return needs_third(order.scope) || order.category == Category::child_abuse ||
         order.impact_verdict == "serious";
}

Result<void> check_addresses_allowed(store::Executor& db, Scope scope, InstantMs now_ms) {
  if (!is_of_addresses(scope)) return {};
  auto allowed = may_order_addresses(db, now_ms);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  if (*allowed) return {};
  return fail(ErrorCode::conflict,
              "orders on addresses are off here; `khienctl setting set address_orders on` is the "
              "authority's decision",
              "addresses_off");
}

Result<void> check_complete(store::Executor& db, const Order& order, InstantMs now_ms) {
  if (!order.category) return bad("an order needs a category", "no_category");
  if (is_choice(*order.category)) {
    return bad("there is never an order for a network choice", "choice_category");
  }
  auto done = check_ground(db, order, now_ms);
  if (done) done = check_evidence(db, order);
  if (done) done = check_end(order, now_ms);
  if (done && order.reason.empty()) done = bad("an order needs its wording", "reason_needed");
  if (done && needs_third(order.scope) && order.address.step_reason.empty()) {
    done = bad("an order on an address says why nothing narrower does", "step_reason_needed");
  }
  if (done) done = check_addresses_allowed(db, order.scope, now_ms);
  if (done) done = check_impact(order, now_ms);
  if (done) done = check_alone(db, order);
  return done;
}

Result<void> check_still_good(store::Executor& db, const Order& order, InstantMs now_ms) {
  if (!order.ends_at_ms || *order.ends_at_ms <= now_ms) {
    return bad("the end date has passed", "end_date_past");
  }
  auto done = check_ground(db, order, now_ms);
  if (done) done = check_addresses_allowed(db, order.scope, now_ms);
  if (done) done = check_impact(order, now_ms);
  if (done) done = check_alone(db, order);
  return done;
}

Result<OrderRow> check_signed_move(store::Executor& db, const Context& context,
                                   const identity::Actor& actor, const OrderId& id,
                                   std::int64_t version, SignedMove move) {
  auto row = load_order_row(db, id);
  if (!row) return row;
  const auto& order = row->order;
  auto done = check_right(actor, order, move);
  if (done) done = expect_version(version, order.version);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (move == SignedMove::emergency && needs_third(order.scope)) {
    return fail(ErrorCode::conflict, "an address needs three signatures and is never an emergency",
                "no_emergency");
  }
  const auto now_ms = context.clock.now_ms();
  switch (move) {
    case SignedMove::propose:
    case SignedMove::emergency:
      // What is missing is named before the state is: an order without an impact check is a draft.
      if (!is_editable(order.state)) return wrong_state(to_string(order.state), to_string(move));
      done = check_complete(db, order, now_ms);
      break;
    case SignedMove::approve:
    case SignedMove::ratify:
      if (starts_from(order, move)) done = check_still_good(db, order, now_ms);
      break;
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (!starts_from(order, move)) return wrong_state(to_string(order.state), to_string(move));
  return row;
}

}  // namespace khien::cases
