#include "cases/states.h"

#include <gtest/gtest.h>

namespace khien::cases {
namespace {

TEST(States, WordsReadBack) {
  for (const auto state : all_order_states()) {
    EXPECT_EQ(parse_order_state(to_string(state)), state) << to_string(state);
  }
  EXPECT_EQ(parse_report_state("quarantined"), ReportState::quarantined);
  EXPECT_EQ(parse_case_state("on_hold"), CaseState::on_hold);
  EXPECT_EQ(parse_appeal_state("executed"), AppealState::executed);
  EXPECT_EQ(parse_enforcement_state("lift_verified"), EnforcementState::lift_verified);
  EXPECT_EQ(parse_order_state("blocked"), std::nullopt);
  EXPECT_EQ(parse_order_state(""), std::nullopt);
}

// The one way into force is a proposal or an emergency; nothing else leads there from outside.
TEST(OrderStates, OnlySignedOrdersEnterIntoForce) {
  for (const auto from : all_order_states()) {
    for (const auto to : all_order_states()) {
      if (!may_move(from, to) || !is_in_force(to) || is_in_force(from)) continue;
      EXPECT_EQ(to, OrderState::approved);
      EXPECT_TRUE(from == OrderState::proposed || from == OrderState::impact_checked ||
                  from == OrderState::suspended)
          << to_string(from);
    }
  }
}

// Lifting is easier than blocking: from every state in force, and from suspension.
TEST(OrderStates, EverythingInForceCanBeLiftedSuspendedAndLapses) {
  for (const auto state : all_order_states()) {
    const bool can = is_in_force(state) || state == OrderState::suspended;
    EXPECT_EQ(may_move(state, OrderState::lifted), can) << to_string(state);
    EXPECT_EQ(may_move(state, OrderState::lapsed), can) << to_string(state);
    EXPECT_EQ(may_move(state, OrderState::suspended), is_in_force(state)) << to_string(state);
  }
}

TEST(OrderStates, NothingComesBackFromItsEnd) {
  for (const auto from : all_order_states()) {
    for (const auto to : all_order_states()) {
      if (is_over(from) && may_move(from, to)) {
        EXPECT_TRUE(to == OrderState::lift_published || to == OrderState::lift_verified)
            << to_string(from) << " to " << to_string(to);
      }
    }
  }
}

TEST(OrderStates, NoStateMovesToItself) {
  for (const auto state : all_order_states()) EXPECT_FALSE(may_move(state, state));
}

TEST(CaseStates, ClosedOnlyReopensAndNothingBecomesUnseenAgain) {
  EXPECT_TRUE(may_move(CaseState::closed, CaseState::triaged));
  EXPECT_FALSE(may_move(CaseState::closed, CaseState::acting));
  EXPECT_TRUE(may_move(CaseState::open, CaseState::closed));
  EXPECT_FALSE(may_move(CaseState::triaged, CaseState::open));
}

TEST(ReportStates, WithdrawnUntilClosed) {
  EXPECT_TRUE(may_move(ReportState::received, ReportState::withdrawn));
  EXPECT_TRUE(may_move(ReportState::linked, ReportState::withdrawn));
  EXPECT_FALSE(may_move(ReportState::closed, ReportState::withdrawn));
  EXPECT_FALSE(may_move(ReportState::rejected, ReportState::accepted));
}

TEST(AppealStates, DecidedOnlyAfterAssignment) {
  EXPECT_FALSE(may_move(AppealState::lodged, AppealState::decided));
  EXPECT_FALSE(may_move(AppealState::admitted, AppealState::decided));
  EXPECT_TRUE(may_move(AppealState::assigned, AppealState::decided));
}

}  // namespace
}  // namespace khien::cases
