// What may be told of rules, and what may not.
#include "resolver/rule_sums.h"

#include <gtest/gtest.h>

#include "policy/test_names.h"

namespace khien::resolver {
namespace {

const policy::Source orders = policy::source_named("orders-phishing");
const policy::Source feeds = policy::source_named("feeds-malware");

TEST(RuleSums, TellsARuleFromTheThresholdOn) {
  RuleSums sums;
  sums.add(orders, policy::wire_of("chin.example"), report_hits_min - 1, 0);
  sums.add(orders, policy::wire_of("muoi.example"), report_hits_min, 0);
  const auto told = sums.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].source, "orders-phishing");
  EXPECT_EQ(told[0].name, "muoi.example");
  EXPECT_EQ(told[0].hits, report_hits_min);
  EXPECT_TRUE(sums.take().empty());
}

TEST(RuleSums, AddsUpWhatWorkersAndRoundsBring) {
  RuleSums sums;
  sums.add(orders, policy::wire_of("xau.example"), 4, 0);
  sums.add(feeds, policy::wire_of("xau.example"), 5, 0);  // another rule
  sums.add(orders, policy::wire_of("xau.example"), 5, 60'000);
  EXPECT_TRUE(sums.take().empty());
  sums.add(orders, policy::wire_of("xau.example"), 1, 120'000);
  const auto told = sums.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].hits, 10U);
  // What was told is counted anew.
  sums.add(orders, policy::wire_of("xau.example"), report_hits_min - 1, 180'000);
  EXPECT_TRUE(sums.take().empty());
}

TEST(RuleSums, ForgetsAfterADayWhatStayedBelow) {
  RuleSums sums;
  sums.add(orders, policy::wire_of("hiem.example"), 3, 0);
  sums.add(orders, policy::wire_of("nhieu.example"), 300, 0);
  sums.forget_old(report_wait_max_ms - 1);
  EXPECT_EQ(sums.take_left_out(), 0U);
  sums.add(orders, policy::wire_of("hiem.example"), 1, report_wait_max_ms - 1);
  sums.forget_old(report_wait_max_ms);
  EXPECT_EQ(sums.take_left_out(), 4U);
  EXPECT_EQ(sums.take_left_out(), 0U);
  EXPECT_EQ(sums.size(), 1U);  // what may be told is never forgotten
}

TEST(RuleSums, HaveAMaximum) {
  RuleSums sums;
  for (std::size_t i = 0; i < rule_sums_max + 7; ++i) {
    sums.add(orders, policy::wire_of("t" + std::to_string(i) + ".vn"), 2, 0);
  }
  EXPECT_EQ(sums.size(), rule_sums_max);
  EXPECT_EQ(sums.take_left_out(), 14U);
}

TEST(RuleSums, TheMostAppliedGoFirstAndTheRestWaits) {
  RuleSums sums;
  for (std::size_t i = 0; i < report_rules_max + 3; ++i) {
    sums.add(orders, policy::wire_of("t" + std::to_string(i) + ".vn"), 10 + i, 0);
  }
  const auto told = sums.take();
  ASSERT_EQ(told.size(), report_rules_max);
  EXPECT_EQ(told.front().hits, 10 + report_rules_max + 2);
  const auto rest = sums.take();
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_EQ(rest.back().hits, 10U);
}

TEST(RuleSums, LongNamesStayWithinTheReportsSize) {
  RuleSums sums;
  const std::string label(60, 'a');
  const std::string long_name = label + "." + label + "." + label + "." + label.substr(0, 50);
  for (std::size_t i = 0; i < 5'000; ++i) {
    sums.add(orders, policy::wire_of("t" + std::to_string(i) + "." + long_name), 10, 0);
  }
  std::size_t size = 0;
  const auto told = sums.take();
  for (const RuleHits& rule : told) size += rule.name.size();
  EXPECT_LT(size, report_rules_size_max);
  EXPECT_GT(told.size(), 1'000U);
  EXPECT_EQ(told.size() + sums.size(), 5'000U);
}

}  // namespace
}  // namespace khien::resolver
