// A seeded clerk who makes any move at any time, rightly or wrongly, with a clock moved by hand.
// Whatever he does, what must never be is never.
#include <algorithm>

#include "cases/lift_proposal.h"
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

constexpr std::uint64_t seed = 26'004'217;
constexpr int steps_sqlite = 400;
constexpr int steps_postgresql = 120;

constexpr std::string_view in_force_states =
    "('approved', 'published', 'enforced', 'verified', 'due_review')";

class CasesModel : public testing::Desk {
 protected:
  template <typename T>
  void accept_only_refusals(const Result<T>& result, int step) {
    if (result) {
      ++done_;
      return;
    }
    ++refused_;
    const auto& error = result.error();
    // A constraint that fires is a rule that the code forgot.
    EXPECT_TRUE(error.code != ErrorCode::internal && error.code != ErrorCode::corrupt &&
                error.reason != "constraint" && error.reason != "duplicate")
        << "seed " << seed << " step " << step << ": " << error.message;
  }

  const identity::Actor& anyone() {
    const identity::Actor* people[] = {&analyst, &approver, &near_approver, &duty, &appeals, &both};
    return *people[dice.below(6)];
  }
  std::optional<Order> any_order() {
    auto page = look([&](store::Executor& executor) {
      return list_orders(executor, {}, {.before = {}, .size = 40});
    });
    // Mostly what moved lately: else nearly all stay drafts.
    if (page && page->items.size() > 6 && dice.below(4) != 0) page->items.resize(6);
    EXPECT_TRUE(page.has_value());
    if (!page || page->items.empty()) return std::nullopt;
    return order_of(page->items[dice.below(page->items.size())].id);
  }
  ReasonedMove reasoned(const Order& order) {
    return {.id = order.id, .version = order.version, .reason = "lý do thử"};
  }

  void move_order(int step) {
    const auto order = any_order();
    if (!order) return;
    const auto& actor = dice.below(4) == 0 ? anyone() : analyst;
    const auto& decider = dice.below(4) == 0 ? anyone() : approver;
    const auto& officer = dice.below(4) == 0 ? anyone() : duty;
    switch (dice.below(12)) {
      case 0:
        accept_only_refusals(
            check(*order, dice.below(5) == 0 ? Severity::serious : Severity::clear), step);
        break;
      case 1: accept_only_refusals(signed_move(actor, *order, SignedMove::propose), step); break;
      case 2:
      case 3: accept_only_refusals(signed_move(decider, *order, SignedMove::approve), step); break;
      case 4:
        if (dice.below(3) == 0) {
          accept_only_refusals(signed_move(near_approver, *order, SignedMove::emergency), step);
          accept_only_refusals(signed_move(decider, *order, SignedMove::emergency), step);
        }
        break;
      case 5: accept_only_refusals(signed_move(decider, *order, SignedMove::ratify), step); break;
      case 6:
        accept_only_refusals(run([&](store::Transaction& tx) {
                               std::optional<InstantMs> until;
                               if (step % 2 == 0) until = clock.now_ms() + 5 * ms_per_hour;
                               return suspend_order(tx, context, officer, reasoned(*order), until);
                             }),
                             step);
        break;
      case 7:
        accept_only_refusals(run([&](store::Transaction& tx) {
                               return resume_order(tx, context, decider, reasoned(*order));
                             }),
                             step);
        break;
      case 8:
        if (dice.below(3) != 0) break;
        accept_only_refusals(run([&](store::Transaction& tx) {
                               return lift_order(tx, context, officer, reasoned(*order));
                             }),
                             step);
        break;
      case 9:
        accept_only_refusals(run([&](store::Transaction& tx) {
                               return keep_order(tx, context, actor, reasoned(*order));
                             }),
                             step);
        break;
      case 10: recheck(*order, step); break;
      default:
        accept_only_refusals(run([&](store::Transaction& tx) {
                               return renew_order(tx, context, actor, reasoned(*order),
                                                  clock.now_ms() + 40 * ms_per_day);
                             }),
                             step);
    }
  }

  /// The recheck engine comes by, and found something or nothing.
  void recheck(const Order& order, int step) {
    if (dice.below(3) == 0) {
      const auto seen = static_cast<Sighting>(step % 3);
      accept_only_refusals(run([&](store::Transaction& tx) {
                             return withdraw_lift_proposal(tx, context, order.id, seen);
                           }),
                           step);
      return;
    }
    const auto finding = static_cast<RecheckFinding>((static_cast<int>(dice.below(4)) + step) % 5);
    accept_only_refusals(run([&](store::Transaction& tx) {
                           return propose_lift(
                               tx, context, {.order = order.id, .finding = finding, .grounds = {}});
                         }),
                         step);
  }

  void appeal(int step) {
    const auto order = any_order();
    if (!order) return;
    auto receipt = run([&](store::Transaction& tx) {
      return lodge_appeal(tx, context, {.order = order->id.value, .text = "không đồng ý"});
    });
    accept_only_refusals(receipt, step);
    if (!receipt) return;
    std::int64_t version = 1;
    const auto next = [&] {
      return AppealMove{.id = receipt->appeal, .version = version++, .reason = "lý do thử"};
    };
    const bool suspends = dice.below(2) == 0;
    accept_only_refusals(run([&, move = next()](store::Transaction& tx) {
                           return admit_appeal(tx, context, appeals, move, suspends);
                         }),
                         step);
    if (dice.below(3) == 0) return;  // left undecided
    accept_only_refusals(run([&, move = next()](store::Transaction& tx) {
                           return assign_appeal(tx, context, appeals, move, appeals.account_id);
                         }),
                         step);
    const auto outcome = dice.below(2) == 0 ? AppealOutcome::upheld : AppealOutcome::denied;
    accept_only_refusals(run([&, move = next()](store::Transaction& tx) {
                           return decide_appeal(tx, context, appeals, move, outcome);
                         }),
                         step);
  }

  void report_and_draft(int step) {
    const auto name = "s" + std::to_string(dice.below(12)) + ".example";
    const auto receipt = reported("https://" + name + "/ lừa đảo");
    if (!receipt.case_id) return;
    auto content = draft_for(*receipt.case_id, name);
    content.ends_at_ms = clock.now_ms() + static_cast<InstantMs>(1 + dice.below(30)) * ms_per_day;
    auto order = draft(content);
    accept_only_refusals(order, step);
    if (order && dice.below(2) == 0) {
      accept_only_refusals(check(*order), step);
    }
  }

  void probe_some(int step) {
    auto targets = look([&](store::Executor& executor) { return probe_targets(executor, 50); });
    accept_only_refusals(targets, step);
    for (const auto& target : targets.value_or(std::vector<ProbeTarget>{})) {
      const bool lifting = target.state == EnforcementState::lift_pending;
      auto verdict = lifting ? ProbeVerdict::not_enforced : ProbeVerdict::enforced;
      if (dice.below(6) == 0) verdict = ProbeVerdict::broken;
      probe(target.order, target.resolver, verdict);
    }
  }

  void expect_none(std::string_view sql, const char* what, int step) {
    EXPECT_EQ(number_from(sql), 0) << what << ", seed " << seed << " step " << step;
  }

  void check_invariants(int step) {
    const std::string in_force{in_force_states};
    const auto now = std::to_string(clock.now_ms());
    expect_none("SELECT count(*) FROM block_order WHERE state IN " + in_force +
                    " AND NOT ((approver IS NOT NULL AND approver <> proposer)"
                    " OR (emergency = 1 AND emergency_ends_at_ms > " +
                    now + "))",
                "in force without two signers", step);
    expect_none(
        "SELECT count(*) FROM block_order WHERE state IN " + in_force + " AND ends_at_ms <= " + now,
        "in force past its end", step);
    expect_none("SELECT count(*) FROM block_order o WHERE o.state IN " + in_force +
                    " AND (SELECT count(*) FROM publication p WHERE p.order_id = o.id"
                    " AND p.action = 'add' AND p.removed_by IS NULL) <> 1",
                "in force and not once in the published set", step);
    expect_none(
        "SELECT count(*) FROM publication p JOIN block_order o ON o.id = p.order_id"
        " WHERE p.action = 'add' AND p.removed_by IS NULL AND o.state NOT IN " +
            in_force,
        "published and not in force", step);
    expect_none(
        "SELECT count(*) FROM block_order o JOIN lift_proposal l ON l.order_id = o.id"
        " WHERE l.state = 'open' AND l.lapses_at_ms <= " +
            now,
        "a proposal past its date", step);
    expect_none(
        "SELECT count(*) FROM block_order o JOIN lift_proposal l ON l.order_id = o.id"
        " WHERE l.state = 'open' AND o.state <> 'suspended' AND o.state NOT IN " +
            in_force,
        "a proposal to lift what is over", step);
    const auto leaves = number_from("SELECT count(*) FROM ledger_leaf");
    const auto evidence = number_from("SELECT count(*) FROM evidence_item");
    EXPECT_EQ(number_from("SELECT count(*) FROM case_event WHERE leaf_id IS NOT NULL"),
              leaves - evidence)
        << "events and leaves differ, seed " << seed << " step " << step;
    EXPECT_EQ(number_from("SELECT count(*) FROM publication"),
              number_from("SELECT used FROM publication_counter"))
        << "publications have gaps, seed " << seed << " step " << step;
  }

  SeededRng dice{seed};
  int done_ = 0;
  int refused_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, CasesModel, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesModel, WhatMustNeverBeIsNever) {
  follow({"khien-dnsd", "unbound"});
  const int steps = GetParam() == store::Engine::sqlite ? steps_sqlite : steps_postgresql;
  for (int step = 0; step < steps && !HasFailure(); ++step) {
    switch (dice.below(10)) {
      case 0:
      case 1: report_and_draft(step); break;
      case 2: publish_all(); break;
      case 3: probe_some(step); break;
      case 4: clock.advance(static_cast<std::int64_t>(dice.below(30)) * ms_per_hour / 3); break;
      case 5:
        if (dice.below(4) == 0) appeal(step);
        break;
      default: move_order(step);
    }
    EXPECT_EQ(sweep_now().failed, 0) << "seed " << seed << " step " << step;
    check_invariants(step);
  }
  // The walk went somewhere: moves were made and moves were refused.
  EXPECT_GT(done_, steps / 8);
  EXPECT_GT(refused_, steps / 20);
  EXPECT_GT(number_from("SELECT count(*) FROM publication"), 0);
  EXPECT_GT(number_from("SELECT count(*) FROM lift_proposal"), 0);
}

}  // namespace
}  // namespace khien::cases
