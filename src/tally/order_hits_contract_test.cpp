// Whose hits are whose: sums joined with the orders whose rules stood at the name.
#include "tally/order_hits.h"

#include <gtest/gtest.h>

#include "tally/contract_test.h"
#include "tally/tidy.h"

namespace khien::tally {
namespace {

using cases::SignedMove;

class OrdersHits : public TallyDesk {
 protected:
  void SetUp() override {
    TallyDesk::SetUp();
    if (!IsSkipped()) added("dns-a");
  }
  cases::Order in_force(std::string name) {
    auto receipt = reported("https://" + name);
    auto order = approved(*receipt.case_id, std::move(name));
    publish_all();
    return order;
  }
  OrderHits hits_of(const cases::Order& order) {
    auto hits = look([&](store::Executor& db) { return order_hits(db, tally, order.id); });
    EXPECT_TRUE(hits.has_value()) << hits.error().message;
    return hits.value_or(OrderHits{});
  }
  std::int64_t version_of(const cases::Order& order) { return order_of(order.id).version; }
};
INSTANTIATE_TEST_SUITE_P(Engines, OrdersHits, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(OrdersHits, AnOrderShowsWhatItsRuleDecided) {
  const auto order = in_force("xau.example");
  const auto none = hits_of(order);
  EXPECT_EQ(none.total, 0);
  EXPECT_FALSE(none.last_ms.has_value());
  EXPECT_EQ(none.resolvers, 0);

  told_hits("dns-a", "xau.example", 25);
  told_hits("dns-a", "khac.example", 99);
  told_hits("dns-a", "xau.example", 99, "feeds-phishing");
  clock.advance(ms_per_day);
  told_hits("dns-a", "xau.example", 10);
  const auto hits = hits_of(order);
  EXPECT_EQ(hits.total, 35);
  EXPECT_EQ(hits.last_ms, clock.now_ms());
  EXPECT_EQ(hits.resolvers, 1);
  EXPECT_EQ(hits.days[hits_days - 1].hits, 10);
  EXPECT_EQ(hits.days[hits_days - 2].hits, 25);
  EXPECT_EQ(hits.days[hits_days - 3].hits, 0);
  EXPECT_EQ(hits.days[hits_days - 1].from_ms, clock.now_ms() - 9 * ms_per_hour);

  clock.advance(10 * ms_per_day);
  ASSERT_TRUE(tidy(db(), tally).has_value());
  const auto later = hits_of(order);
  EXPECT_EQ(later.total, 35) << "hours that became days still count";
  EXPECT_EQ(later.days[hits_days - 11].hits, 10);
  EXPECT_EQ(later.days[hits_days - 12].hits, 25);
}

TEST_P(OrdersHits, WhatWasToldBeforeAnOrderIsNotItsOwn) {
  told_hits("dns-a", "xau.example", 50);
  clock.advance(2 * ms_per_hour);
  const auto order = in_force("xau.example");
  EXPECT_EQ(hits_of(order).total, 0);
  told_hits("dns-a", "xau.example", 11);
  EXPECT_EQ(hits_of(order).total, 11);
}

TEST_P(OrdersHits, AfterTheEndOnlyWhatIsToldLateCounts) {
  const auto order = in_force("xau.example");
  told_hits("dns-a", "xau.example", 20);
  clock.advance(ms_per_day);
  const auto version = version_of(order);
  auto lifted = run([&](store::Transaction& tx) {
    return cases::lift_order(tx, context, duty,
                             {.id = order.id, .version = version, .reason = "đã gỡ"});
  });
  ASSERT_TRUE(lifted.has_value()) << lifted.error().message;
  clock.advance(20 * ms_per_hour);
  told_hits("dns-a", "xau.example", 30);
  EXPECT_EQ(hits_of(order).total, 50);
  clock.advance(10 * ms_per_hour);
  told_hits("dns-a", "xau.example", 40);
  EXPECT_EQ(hits_of(order).total, 50);
}

TEST_P(OrdersHits, ARenewalCountsEachHitOnce) {
  const auto old = in_force("xau.example");
  told_hits("dns-a", "xau.example", 20);
  clock.advance(20 * ms_per_day);
  const auto version = version_of(old);
  auto next = run([&](store::Transaction& tx) {
    return cases::renew_order(tx, context, analyst,
                              {.id = old.id, .version = version, .reason = "còn lừa"},
                              clock.now_ms() + 30 * ms_per_day);
  });
  ASSERT_TRUE(next.has_value()) << next.error().message;
  auto order = check(*next);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(analyst, *order, SignedMove::propose);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(approver, *order, SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  publish_all();
  told_hits("dns-a", "xau.example", 33);
  clock.advance(ms_per_hour);
  told_hits("dns-a", "xau.example", 44);
  EXPECT_EQ(hits_of(old).total, 20);
  EXPECT_EQ(hits_of(*order).total, 77);
}

TEST_P(OrdersHits, AnEmergencyAndWhatFollowsItAreOneOrder) {
  auto receipt = reported("https://khan.example");
  auto order =
      signed_move(approver, checked(*receipt.case_id, "khan.example"), SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  publish_all();
  told_hits("dns-a", "khan.example", 12, "emergency");
  clock.advance(ms_per_hour);
  auto ratified = signed_move(near_approver, order_of(order->id), SignedMove::ratify);
  ASSERT_TRUE(ratified.has_value()) << ratified.error().message;
  publish_all();
  told_hits("dns-a", "khan.example", 15);
  EXPECT_EQ(hits_of(*order).total, 27);
}

// Suspended and resumed within one hour: the hour is counted once.
TEST_P(OrdersHits, TwoTimesInForceAreAddedUpOnce) {
  const auto order = in_force("xau.example");
  auto version = version_of(order);
  auto suspended = run([&](store::Transaction& tx) {
    return cases::suspend_order(
        tx, context, duty, {.id = order.id, .version = version, .reason = "xem lại"}, std::nullopt);
  });
  ASSERT_TRUE(suspended.has_value()) << suspended.error().message;
  publish_all();
  version = version_of(order);
  auto resumed = run([&](store::Transaction& tx) {
    return cases::resume_order(tx, context, approver,
                               {.id = order.id, .version = version, .reason = "đúng"});
  });
  ASSERT_TRUE(resumed.has_value()) << resumed.error().message;
  publish_all();
  told_hits("dns-a", "xau.example", 20);
  EXPECT_EQ(hits_of(order).total, 20);
}

}  // namespace
}  // namespace khien::tally
