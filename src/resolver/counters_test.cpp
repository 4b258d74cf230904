// What the page of counters shows of policies, and what it does not.
#include "resolver/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace khien::resolver {
namespace {

using testing::HasSubstr;
using testing::Not;

const auto phishing = *policy::parse_source("orders-phishing");

std::string page(const std::vector<const Counters*>& workers,
                 const std::vector<PolicyRow>& policies) {
  return exposition(workers, {.policies = policies});
}

TEST(Exposition, SaysOfWhichBasisAndCategoryABlockWas) {
  Counters counters;
  counters.add_blocked(phishing, phishing, 0);
  counters.add_blocked(policy::source_emergency, policy::source_emergency, 0);
  counters.add_blocked(policy::source_network, policy::source_network, 0);
  const std::string text = page({&counters}, {});
  const std::string name = "khien_dnsd_blocked_total";
  EXPECT_THAT(text, HasSubstr(name + "{source=\"orders-phishing\",basis=\"orders\","
                                     "category=\"phishing\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr(name + "{source=\"emergency\",basis=\"emergency\",category=\"\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "{source=\"network\",basis=\"choice\",category=\"own\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("policy_")));  // there is no document
}

TEST(Exposition, ShowsAPolicysBlockedQueriesInTens) {
  Counters one{{.policies = true}};
  Counters two{{.policies = true}};
  const std::vector<PolicyRow> policies{{.policy = "", .row = 0}, {.policy = "lop-1", .row = 3}};
  for (int i = 0; i < 9; ++i) one.add_blocked(phishing, phishing, 3);
  one.add_query(3);
  EXPECT_THAT(page({&one, &two}, policies), Not(HasSubstr("policy_blocked_total{")));
  two.add_blocked(phishing, phishing, 3);
  EXPECT_THAT(page({&one, &two}, policies),
              HasSubstr("khien_dnsd_policy_blocked_total{policy=\"lop-1\",category=\"phishing\"} "
                        "10\n"));
  for (int i = 0; i < 9; ++i) two.add_blocked(phishing, phishing, 3);
  EXPECT_THAT(page({&one, &two}, policies), HasSubstr("category=\"phishing\"} 10\n"));
  two.add_blocked(phishing, phishing, 3);
  EXPECT_THAT(page({&one, &two}, policies), HasSubstr("category=\"phishing\"} 20\n"));
  EXPECT_THAT(page({&one, &two}, policies),
              HasSubstr("khien_dnsd_policy_queries_total{policy=\"lop-1\"} 1\n"));
  EXPECT_THAT(page({&one, &two}, policies), Not(HasSubstr("{policy=\"\"}")));  // nobody asked
}

TEST(Exposition, APolicysNameIsTextNotSyntax) {
  Counters counters{{.policies = true}};
  counters.add_query(1);
  EXPECT_THAT(page({&counters}, {{.policy = "a\"b\\c\nd", .row = 1}}),
              HasSubstr("policy=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(PolicyRows, ANameKeepsItsRowAndAnotherNeverGetsIt) {
  PolicyRows rows;
  rows.take({"", "a", "b"});
  const std::vector<std::uint32_t> first(rows.numbers().begin(), rows.numbers().end());
  EXPECT_EQ(first, (std::vector<std::uint32_t>{0, 1, 2}));
  rows.take({"", "c", "b"});
  EXPECT_EQ(rows.numbers()[1], 3U);
  EXPECT_EQ(rows.numbers()[2], 2U);
  EXPECT_EQ(rows.in_force().size(), 3U);  // "a" ends
  rows.take({"", "a"});
  EXPECT_EQ(rows.numbers()[1], 1U);
}

TEST(PolicyRows, WhatComesBeyondTheLastRowIsNotCountedApart) {
  PolicyRows rows;
  std::vector<std::string> names{""};
  for (std::uint32_t i = 0; i < policy_rows_max + 2; ++i) names.push_back(std::to_string(i));
  rows.take(names);
  EXPECT_EQ(rows.numbers()[policy_rows_max - 1], policy_rows_max - 1);
  EXPECT_EQ(rows.numbers().back(), 0U);
  EXPECT_EQ(rows.in_force().size(), policy_rows_max);
  Counters counters{{.policies = true}};
  counters.add_blocked(phishing, phishing, policy_rows_max - 1);  // the last row is there
  EXPECT_EQ(counters.policy_blocked(policy_rows_max - 1, phishing), 1U);
}

}  // namespace
}  // namespace khien::resolver
