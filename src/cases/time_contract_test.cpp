// What time does: lapses to the millisecond, rechecks, suspensions, holds.
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class CasesTime : public testing::Desk {
 protected:
  OrderState state_of(const OrderId& id) { return order_of(id).state; }
};
INSTANTIATE_TEST_SUITE_P(Engines, CasesTime, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesTime, AnEmergencyLapsesAfterExactlyFourHours) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = signed_move(near_approver, checked(id, "a.example"), SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_EQ(order->state, OrderState::approved);
  auto rows = look([&](store::Executor& executor) { return orders_in_force(executor); });
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ((*rows)[0].basis, Basis::emergency);
  EXPECT_EQ((*rows)[0].serve_until_ms, clock.now_ms() + emergency_life_ms);
  publish_all();
  clock.advance(emergency_life_ms - 1);
  EXPECT_EQ(sweep_now().emergencies_lapsed, 0);
  EXPECT_EQ(state_of(order->id), OrderState::published);
  clock.advance(1);
  EXPECT_EQ(sweep_now().emergencies_lapsed, 1);
  EXPECT_EQ(state_of(order->id), OrderState::lapsed);
  rows = look([&](store::Executor& executor) { return orders_in_force(executor); });
  EXPECT_TRUE(rows.has_value() && rows->empty());
}

TEST_P(CasesTime, ARatifiedEmergencyMovesToTheOrdersWithoutAGap) {
  const auto id = *reported("https://a.example").case_id;
  auto order = signed_move(near_approver, checked(id, "a.example"), SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  publish_all();
  const auto waiting =
      look([&](store::Executor& executor) { return list_waiting(executor, approver); });
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->size(), 1U);
  order = signed_move(approver, order_of(order->id), SignedMove::ratify);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  auto rows =
      look([&](store::Executor& executor) { return publications_after(executor, published_); });
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].action, PublicationAction::add);
  EXPECT_EQ((*rows)[0].basis, Basis::orders);
  EXPECT_EQ((*rows)[1].action, PublicationAction::remove);
  EXPECT_EQ((*rows)[1].basis, Basis::emergency);
  clock.advance(emergency_life_ms);
  EXPECT_EQ(sweep_now().emergencies_lapsed, 0);
  EXPECT_TRUE(is_in_force(state_of(order->id)));
}

TEST_P(CasesTime, AnOrderIsRecheckedAndLapses) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  publish_all();
  clock.advance(recheck_period_ms);
  EXPECT_EQ(sweep_now().rechecks, 1);
  EXPECT_EQ(state_of(order.id), OrderState::due_review);
  const auto version = order_of(order.id).version;
  const auto kept = run([&](store::Transaction& tx) {
    return keep_order(tx, context, analyst,
                      {.id = order.id, .version = version, .reason = "còn hoạt động"});
  });
  ASSERT_TRUE(kept.has_value()) << kept.error().message;
  EXPECT_EQ(kept->state, OrderState::published);
  EXPECT_EQ(kept->recheck_at_ms, clock.now_ms() + recheck_period_ms);
  clock.advance(*order.ends_at_ms - clock.now_ms() - 1);
  sweep_now();
  EXPECT_TRUE(is_in_force(state_of(order.id)));
  clock.advance(1);
  EXPECT_EQ(sweep_now().lapsed, 1);
  EXPECT_EQ(state_of(order.id), OrderState::lapsed);
}

TEST_P(CasesTime, ASuspensionEndsByItself) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  publish_all();
  const auto version = order_of(order.id).version;
  const auto suspended = run([&](store::Transaction& tx) {
    return suspend_order(tx, context, duty,
                         {.id = order.id, .version = version, .reason = "kiểm tra lại"},
                         clock.now_ms() + 2 * ms_per_hour);
  });
  ASSERT_TRUE(suspended.has_value()) << suspended.error().message;
  publish_all();
  EXPECT_EQ(state_of(order.id), OrderState::suspended);
  clock.advance(2 * ms_per_hour);
  EXPECT_EQ(sweep_now().resumed, 1);
  EXPECT_EQ(state_of(order.id), OrderState::approved);
  publish_all();
  EXPECT_EQ(state_of(order.id), OrderState::published);
}

TEST_P(CasesTime, WhatNobodyDidIsOverdue) {
  const auto receipt = reported("https://a.example", Category::child_abuse);
  clock.advance(15 * ms_per_minute);
  EXPECT_EQ(sweep_now().overdue, 1);
  EXPECT_EQ(sweep_now().overdue, 0);
  const auto open =
      look([&](store::Executor& executor) { return open_deadlines(executor, clock.now_ms(), 10); });
  ASSERT_TRUE(open.has_value());
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ((*open)[0].kind, DeadlineKind::screen);
  EXPECT_TRUE((*open)[0].overdue_at_ms.has_value());
}

}  // namespace
}  // namespace khien::cases
