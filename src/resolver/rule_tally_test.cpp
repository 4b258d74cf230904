// What a worker counts by rule, and how it is handed over.
#include "resolver/rule_tally.h"

#include <gtest/gtest.h>

#include <map>

#include "policy/name_key.h"
#include "policy/test_names.h"

namespace khien::resolver {
namespace {

const policy::Source orders = policy::source_named("orders-phishing");
const policy::Source feeds = policy::source_named("feeds-phishing");

/// A worker and a teller, on one thread.
class RuleTallyTest : public ::testing::Test {
 protected:
  void count(policy::Source source, std::string_view name) {
    const policy::NameKey key{policy::wire_of(name), key_};
    tally_.add(source, key.hash(0), key.name());
  }
  /// By source and name; asks, lets the worker answer and takes.
  std::map<std::pair<std::string, std::string>, std::uint64_t> handed_over() {
    tally_.ask();
    tally_.hand_over_if_asked();
    return taken();
  }
  std::map<std::pair<std::string, std::string>, std::uint64_t> taken() {
    std::map<std::pair<std::string, std::string>, std::uint64_t> hits;
    last_ = tally_.take([&](const RuleTally::Hits& rule) {
      hits[{source_id(rule.source), dns::NameView::checked(rule.name).to_text()}] += rule.hits;
    });
    return hits;
  }

  SeededRng rng_{1};
  policy::HashKey key_ = policy::HashKey::random(rng_);
  RuleTally tally_;
  RuleTally::Taken last_;
};

TEST_F(RuleTallyTest, CountsEachRuleBySourceAndName) {
  for (int i = 0; i < 3; ++i) count(orders, "xau.example");
  count(feeds, "xau.example");
  count(orders, "xau.test");
  const auto hits = handed_over();
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits.at({"orders-phishing", "xau.example."}), 3U);
  EXPECT_EQ(hits.at({"feeds-phishing", "xau.example."}), 1U);
  EXPECT_EQ(hits.at({"orders-phishing", "xau.test."}), 1U);
  EXPECT_EQ(last_.left_out, 0U);
}

TEST_F(RuleTallyTest, WhatWasTakenIsCountedAnew) {
  count(orders, "xau.example");
  ASSERT_EQ(handed_over().size(), 1U);
  EXPECT_TRUE(taken().empty());  // not a second time
  EXPECT_TRUE(handed_over().empty());
  count(orders, "xau.example");
  EXPECT_EQ(handed_over().at({"orders-phishing", "xau.example."}), 1U);
}

TEST_F(RuleTallyTest, GivesNothingUntilTheWorkerHasAnswered) {
  count(orders, "xau.example");
  tally_.ask();
  EXPECT_TRUE(taken().empty());
  EXPECT_FALSE(last_.done);
  count(orders, "xau.example");
  tally_.ask();  // an impatient teller changes nothing
  tally_.hand_over_if_asked();
  EXPECT_EQ(taken().at({"orders-phishing", "xau.example."}), 2U);
  EXPECT_TRUE(last_.done);
}

// A worker that answered too late for one round: nothing is lost and nothing counts twice.
TEST_F(RuleTallyTest, WhatNobodyTookIsStillThereNextTime) {
  count(orders, "mot.example");
  tally_.ask();
  tally_.hand_over_if_asked();
  count(orders, "hai.example");
  std::map<std::pair<std::string, std::string>, std::uint64_t> all = handed_over();
  for (const auto& [rule, hits] : handed_over()) all[rule] += hits;
  EXPECT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at({"orders-phishing", "mot.example."}), 1U);
  EXPECT_EQ(all.at({"orders-phishing", "hai.example."}), 1U);
}

TEST_F(RuleTallyTest, CountsWhatFindsNoRoom) {
  for (std::size_t i = 0; i < tally_rules_max + 5; ++i) {
    count(orders, "t" + std::to_string(i) + ".vn");
  }
  count(orders, "t0.vn");  // who is in, is counted on
  const auto hits = handed_over();
  EXPECT_EQ(hits.size(), tally_rules_max);
  EXPECT_EQ(hits.at({"orders-phishing", "t0.vn."}), 2U);
  EXPECT_EQ(last_.left_out, 5U);
  count(orders, "t999999.vn");
  EXPECT_EQ(handed_over().size(), 1U);  // and the next table is empty again
}

TEST_F(RuleTallyTest, LongNamesFillTheirRoomFirst) {
  const std::string label(60, 'a');
  const std::size_t fit = tally_names_size / 250;
  for (std::size_t i = 0; i < fit + 100; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 9 - number.size(), 'n');
    count(orders, label + "." + label + "." + label + "." + label.substr(0, 52) + number + ".vn");
  }
  const auto hits = handed_over();
  EXPECT_LT(hits.size(), fit + 100);
  EXPECT_GE(hits.size(), fit * 95 / 100);
  EXPECT_EQ(hits.size() + last_.left_out, fit + 100);
}

}  // namespace
}  // namespace khien::resolver
