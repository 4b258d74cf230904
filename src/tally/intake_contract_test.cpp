// What resolvers tell, as it is kept and as it goes: added up, bounded, and of nobody.
#include "tally/intake.h"

#include <gtest/gtest.h>

#include "tally/contract_test.h"
#include "tally/new_names.h"
#include "tally/tidy.h"

namespace khien::tally {
namespace {

class Intakes : public TallyDesk {
 protected:
  void SetUp() override {
    TallyDesk::SetUp();
    if (IsSkipped()) return;
    added("dns-a");
    added("dns-b");
  }
  std::int64_t left_out(std::string_view resolver, const Report& made, IntakeLimits limits = {}) {
    auto taken = told(resolver, made, limits);
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
    return taken ? taken->left_out : -1;
  }
  cases::Page<SeenName> seen(std::string_view part = "", cases::PageRequest page = {}) {
    auto names = look([&](store::Executor& db) { return list_new_names(db, part, page); });
    EXPECT_TRUE(names.has_value()) << names.error().message;
    return names.value_or(cases::Page<SeenName>{});
  }
  Tidied tidied() {
    auto done = tidy(db(), tally);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done.value_or(Tidied{});
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Intakes, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(Intakes, HitsAreAddedUpByResolverAndHour) {
  told_hits("dns-a", "xau.example", 10);
  clock.advance(20 * ms_per_minute);
  told_hits("dns-a", "xau.example", 15);
  told_hits("dns-b", "xau.example", 11);
  told_hits("dns-a", "xau.example", 12, "feeds-phishing");
  clock.advance(ms_per_hour);
  told_hits("dns-a", "xau.example", 13);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 4);
  EXPECT_EQ(number_from("SELECT CAST(sum(hits) AS BIGINT) FROM rule_hits"), 61);
  EXPECT_EQ(number_from("SELECT hits FROM rule_hits WHERE resolver = 'dns-a' AND "
                        "source = 'orders-phishing' AND from_ms = 1772416800000"),
            25);
  // Measurements, not decisions: the log has the two keys and what the desk began with.
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE type LIKE 'resolver%'"), 2);
}

TEST_P(Intakes, TheSameReportCountsOnceForItsResolver) {
  const auto made = report({{.source = "emergency", .name = "xau.example", .hits = 20}},
                           {{.name = "moi.example", .networks = 30}});
  EXPECT_FALSE(told("dns-a", made)->known);
  const auto again = told("dns-a", made);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->known);
  EXPECT_EQ(number_from("SELECT CAST(sum(hits) AS BIGINT) FROM rule_hits"), 20);
  EXPECT_FALSE(told("dns-b", made)->known) << "another resolver's ids are its own";
  EXPECT_EQ(number_from("SELECT CAST(sum(hits) AS BIGINT) FROM rule_hits"), 40);
}

TEST_P(Intakes, NewNamesAreListedWithWhoToldThem) {
  ASSERT_TRUE(told("dns-a", report({}, {{.name = "mot.example", .networks = 12},
                                        {.name = "hai.example", .networks = 40}})));
  clock.advance(3 * ms_per_hour);
  ASSERT_TRUE(told("dns-b", report({}, {{.name = "mot.example", .networks = 90}})));
  ASSERT_TRUE(told("dns-a", report({}, {{.name = "mot.example", .networks = 11},
                                        {.name = "ba_1.example", .networks = 10}})));
  const auto page = seen();
  ASSERT_EQ(page.items.size(), 3U);
  EXPECT_EQ(page.items[0].name, "ba_1.example");
  EXPECT_EQ(page.items[1].name, "mot.example");
  EXPECT_EQ(page.items[1].first_ms, 1'772'416'800'000);
  EXPECT_EQ(page.items[1].networks, 90);
  EXPECT_EQ(page.items[1].resolvers, (std::vector<std::string>{"dns-a", "dns-b"}));
  EXPECT_FALSE(page.next.has_value());

  const auto first = seen("", {.size = 2});
  ASSERT_EQ(first.items.size(), 2U);
  ASSERT_TRUE(first.next.has_value());
  const auto rest = seen("", {.before = first.next, .size = 2});
  ASSERT_EQ(rest.items.size(), 1U);
  EXPECT_EQ(rest.items[0].name, "hai.example");

  EXPECT_EQ(seen("ai.ex").items.size(), 1U);
  EXPECT_EQ(seen("_").items.size(), 1U) << "no wildcard";
  EXPECT_TRUE(seen("%").items.empty());
  EXPECT_TRUE(seen("!").items.empty());
}

// A report that is late may date a name earlier than one that came before it.
TEST_P(Intakes, ANameIsDatedByTheEarliestHour) {
  auto late = report({}, {{.name = "mot.example", .networks = 20}});
  clock.advance(ms_per_day);
  ASSERT_TRUE(told("dns-a", report({}, {{.name = "mot.example", .networks = 20}})));
  EXPECT_EQ(seen().items[0].first_ms, 1'772'416'800'000 + ms_per_day);
  ASSERT_TRUE(told("dns-b", late));
  EXPECT_EQ(seen().items[0].first_ms, 1'772'416'800'000);
}

// The fence: a resolver may have a low threshold of its own, and khiend keeps nothing below ten.
TEST_P(Intakes, NothingIsKeptOfTooFew) {
  EXPECT_EQ(left_out("dns-a", report({}, {{.name = "rieng.example", .networks = 9},
                                          {.name = "chung.example", .networks = 10}})),
            1);
  const auto page = seen();
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].name, "chung.example");
  EXPECT_EQ(number_from("SELECT left_out FROM resolver_report"), 1);
  told_hits("dns-a", "a.test", 10);
  EXPECT_FALSE(sql("UPDATE rule_hits SET hits = 9"));
  EXPECT_FALSE(sql("UPDATE new_name_told SET networks = 9"));
}

TEST_P(Intakes, TablesHaveAMaximum) {
  const IntakeLimits limits{.reports = 3, .rule_hits = 2, .new_names = 1};
  const auto rule = [](std::string name) {
    return RuleHits{.source = "pass", .name = std::move(name), .hits = 10};
  };
  EXPECT_EQ(left_out("dns-a", report({rule("a.test"), rule("b.test"), rule("c.test")}), limits), 1);
  EXPECT_EQ(left_out("dns-a",
                     report({rule("a.test"), rule("c.test")}, {{.name = "d.test", .networks = 10},
                                                               {.name = "e.test", .networks = 10}}),
                     limits),
            2);
  EXPECT_EQ(number_from("SELECT hits FROM rule_hits WHERE name = 'a.test'"), 20)
      << "what is there goes on";
  EXPECT_EQ(left_out("dns-b", report({rule("a.test")}), limits), 0) << "each has its own room";
  ASSERT_TRUE(told("dns-a", report({}), limits).has_value());
  EXPECT_EQ(told("dns-a", report({}), limits).error().reason, "too_many_reports");
  EXPECT_EQ(number_from("SELECT count(*) FROM resolver_report WHERE resolver = 'dns-a'"), 3);
  EXPECT_EQ(number_from("SELECT CAST(sum(left_out) AS BIGINT) FROM resolver_report"), 3);
}

TEST_P(Intakes, HoursBecomeDaysOfVietnam) {
  told_hits("dns-a", "xau.example", 10);  // nine in the morning of 2 March
  clock.advance(2 * ms_per_hour);
  told_hits("dns-a", "xau.example", 20);
  clock.advance(13 * ms_per_hour);  // midnight: 3 March
  told_hits("dns-a", "xau.example", 40);
  EXPECT_EQ(tidied().folded, 0) << "hours are kept for three days";
  clock.advance(hours_kept_ms);
  EXPECT_EQ(tidied().folded, 2);
  EXPECT_EQ(tidied().folded, 0) << "once";
  constexpr InstantMs second_of_march = 1'772'416'800'000 - 9 * ms_per_hour;
  const auto day = look([](store::Executor& db) {
    return db.query_one("SELECT from_ms, last_ms, hits FROM rule_hits WHERE period = 'day'");
  });
  ASSERT_TRUE(day.has_value() && day->has_value());
  EXPECT_EQ((*day)->integer(0), second_of_march);
  EXPECT_EQ((*day)->integer(1), 1'772'416'800'000 + 2 * ms_per_hour);
  EXPECT_EQ((*day)->integer(2), 30);
  // A report that was late by some days joins the day that is there.
  auto late = report({{.source = "orders-phishing", .name = "xau.example", .hits = 11}});
  late.to_ms = second_of_march + ms_per_hour;
  ASSERT_TRUE(told("dns-a", late).has_value());
  EXPECT_EQ(tidied().folded, 1);
  EXPECT_EQ(number_from("SELECT hits FROM rule_hits WHERE period = 'day'"), 41);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 2);
}

TEST_P(Intakes, WhatIsOldGoes) {
  told_hits("dns-a", "xau.example", 10);
  told_hits("dns-a", "khan.example", 10, "emergency");
  told_hits("dns-a", "danh-sach.example", 10, "feeds-fraud");
  ASSERT_TRUE(told("dns-a", report({}, {{.name = "moi.example", .networks = 10}})).has_value());
  clock.advance(report_age_max_ms + 2 * ms_per_hour);
  (void)tidied();
  EXPECT_EQ(number_from("SELECT count(*) FROM resolver_report"), 0);
  EXPECT_EQ(seen().items.size(), 1U);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 3);
  clock.advance(other_days_kept_ms);
  (void)tidied();
  EXPECT_TRUE(seen().items.empty());
  EXPECT_EQ(number_from("SELECT count(*) FROM new_name_told"), 0);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 2) << "lists are forgotten sooner";
  clock.advance(order_days_kept_ms);
  (void)tidied();
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 0);
}

// One statement adds many rows, and may not meet one twice.
TEST_P(Intakes, EqualRowsOfOneReportAreOne) {
  std::vector<RuleHits> rules;
  std::vector<NewName> names;
  for (int i = 0; i < 300; ++i) {
    const auto name = "n" + std::to_string(i % 290) + ".test";
    rules.push_back({.source = "feeds-fraud", .name = name, .hits = 10});
    names.push_back({.name = name, .networks = 10 + i});
  }
  EXPECT_EQ(left_out("dns-a", report(rules, names)), 0);
  EXPECT_EQ(left_out("dns-a", report(rules, names)), 0);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 290);
  EXPECT_EQ(number_from("SELECT CAST(sum(hits) AS BIGINT) FROM rule_hits"), 6'000);
  EXPECT_EQ(number_from("SELECT count(*) FROM new_name_told"), 290);
  EXPECT_EQ(number_from("SELECT networks FROM new_name_told t JOIN new_name n ON n.id = t.name_id "
                        "WHERE n.name = 'n9.test'"),
            309);
}

// The largest report there is, in one transaction.
TEST_P(Intakes, TheLargestReportIsTaken) {
  std::vector<RuleHits> rules;
  std::vector<NewName> names;
  for (std::size_t i = 0; i < report_rules_max; ++i) {
    rules.push_back(
        {.source = "feeds-fraud", .name = "r" + std::to_string(i) + ".test", .hits = 10});
    names.push_back({.name = "n" + std::to_string(i) + ".test", .networks = 10});
  }
  EXPECT_EQ(left_out("dns-a", report(std::move(rules), std::move(names))), 0);
  EXPECT_EQ(number_from("SELECT count(*) FROM rule_hits"), 10'000);
  EXPECT_EQ(number_from("SELECT count(*) FROM new_name_told"), 10'000);
}

}  // namespace
}  // namespace khien::tally
