// Which rule a query is counted for, and which policy: by the name at which the rule stands, also
// where a target inside an answer brought it about; and none where nobody's rule of khiend's did.
#include <gtest/gtest.h>

#include <map>

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

using Counts = std::map<std::string, std::uint64_t>;

Counts counted(TestEngine& test) {
  test.counters_.rules()->ask();
  test.engine_->begin_batch(test.now_ms_);
  Counts counts;
  (void)test.counters_.rules()->take([&](const RuleTally::Hits& rule) {
    counts[source_id(rule.source) + " " + dns::NameView::checked(rule.name).to_text()] += rule.hits;
  });
  return counts;
}

void add_address(TestEngine& test, std::string_view name) {
  test.upstream(name, "A").answers = {test_record(name, "A", 300, "192.0.2.10")};
}

TEST(RuleCount, IsForTheNameAtWhichTheRuleStands) {
  TestEngine test;
  test.block("orders-phishing", "scam.example");
  (void)test.query({.name = "a.b.SCAM.example"});
  (void)test.query({.name = "scam.example", .type = "AAAA"});
  EXPECT_EQ(counted(test), (Counts{{"orders-phishing scam.example.", 2}}));
}

TEST(RuleCount, IsForTheRuleThatDecides) {
  TestEngine test;
  test.block("feeds-phishing", "www.scam.example");
  test.block("orders-fraud", "scam.example");
  test.block("orders-fraud", "www.scam.example");
  (void)test.query({.name = "www.scam.example"});
  EXPECT_EQ(counted(test), (Counts{{"orders-fraud www.scam.example.", 1}}));
}

TEST(RuleCount, IsForTheTargetsRuleWhenItComesAndFromTheCache) {
  TestEngine test;
  test.block("feeds-malware", "bad.test");
  test.upstream("alias.example", "A").answers = {
      test_record("alias.example", "CNAME", 300, "deep.bad.test."),
      test_record("deep.bad.test", "A", 300, "192.0.2.66")};
  (void)test.query({.name = "alias.example"});
  EXPECT_EQ(counted(test), (Counts{{"feeds-malware bad.test.", 1}}));
  (void)test.query({.name = "alias.example"});
  (void)test.query({.name = "alias.example"});
  EXPECT_EQ(counted(test), (Counts{{"feeds-malware bad.test.", 2}}));
  EXPECT_GT(test.counters_.value(Count::cache_hits), 0U);
}

TEST(RuleCount, IsForEachClientThatWaited) {
  TestEngine test;
  test.block("orders-phishing", "bad.test");
  test.upstream("alias.example", "A").answers = {
      test_record("alias.example", "CNAME", 300, "bad.test."),
      test_record("bad.test", "A", 300, "192.0.2.66")};
  test.silent_ = true;
  for (std::uint16_t id = 1; id <= 3; ++id) (void)test.query({.name = "alias.example", .id = id});
  test.silent_ = false;
  test.pump();
  EXPECT_EQ(test.late_answers_.size(), 3U);
  EXPECT_EQ(counted(test), (Counts{{"orders-phishing bad.test.", 3}}));
}

TEST(RuleCount, IsForTheRuleOnWhatSafeSearchLeadsTo) {
  TestEngine test;
  policy::NetworkPolicy network{.policy = {}};
  network.safe_search = *policy::parse_safe_search("google");
  test.networks_.publish(std::make_shared<const policy::NetworkPolicies>(
      std::make_shared<const policy::NetworkMap>(), std::vector<policy::NetworkPolicy>{network}));
  test.block("feeds-phishing", "forcesafesearch.google.com");
  (void)test.query({.name = "www.google.com"});
  EXPECT_EQ(counted(test), (Counts{{"feeds-phishing forcesafesearch.google.com.", 1}}));
}

TEST(RuleCount, IsForNoNameThatPasses) {
  TestEngine test;
  const auto pass = policy::source_named("pass");
  test.rule(pass, "bank.example", {.exact = mask_of(pass), .below = mask_of(pass)});
  test.block("feeds-phishing", "bank.example");
  add_address(test, "bank.example");
  add_address(test, "shop.example");
  (void)test.query({.name = "bank.example"});
  (void)test.query({.name = "shop.example"});
  EXPECT_TRUE(counted(test).empty());
}

TEST(PolicyCount, IsForTheRowOfTheClientsPolicy) {
  TestEngine test;
  constexpr std::uint32_t row = 7;
  policy::NetworkPolicy network{.policy = {}};
  network.row = row;
  test.networks_.publish(std::make_shared<const policy::NetworkPolicies>(
      std::make_shared<const policy::NetworkMap>(), std::vector<policy::NetworkPolicy>{network}));
  test.block("orders-phishing", "scam.example");
  test.block("feeds-phishing", "trap.example");
  test.block("emergency", "now.example");
  add_address(test, "shop.example");
  for (const auto name : {"scam.example", "trap.example", "now.example", "shop.example"}) {
    (void)test.query({.name = name});
  }
  const Counters& counters = test.counters_;
  EXPECT_EQ(counters.policy_queries(row), 4U);
  // Orders and feeds of one category are one number.
  EXPECT_EQ(counters.policy_blocked(row, policy::source_named("orders-phishing")), 2U);
  EXPECT_EQ(counters.policy_blocked(row, policy::source_emergency), 1U);
  EXPECT_EQ(counters.policy_blocked(row, policy::source_network), 0U);
  EXPECT_EQ(counters.policy_queries(0), 0U);
}

}  // namespace
}  // namespace khien::resolver
