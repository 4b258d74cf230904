#include "feeds/breaker.h"

#include <gtest/gtest.h>

#include "feeds/list_class.h"

namespace khien::feeds {
namespace {

ProposedChange daily() {
  return {.before = 10'000, .after = 10'100, .added = 200, .removed = 100, .read = 10'300};
}

TEST(JudgeChange, LetsOrdinaryDaysPass) {
  EXPECT_EQ(judge_change(daily()), std::nullopt);
  auto exactly = daily();
  exactly.added = 400;  // 500 of 10,000 is the 5 % that is allowed
  EXPECT_EQ(judge_change(exactly), std::nullopt);
}

TEST(JudgeChange, StopsTooLargeAChange) {
  auto change = daily();
  change.added = 401;
  EXPECT_EQ(judge_change(change), BreakerReason::change_too_large);
  change = daily();
  change.change_max_permyriad = 0;
  EXPECT_EQ(judge_change(change), BreakerReason::change_too_large);
}

TEST(JudgeChange, SmallListsMayJump) {
  EXPECT_EQ(judge_change({.before = 10, .after = 55, .added = 50, .removed = 0}), std::nullopt);
  EXPECT_EQ(judge_change({.before = 10, .after = 61, .added = 51, .removed = 0}),
            BreakerReason::change_too_large);
}

TEST(JudgeChange, StopsAListThatVanished) {
  EXPECT_EQ(judge_change({.before = 3, .after = 0, .removed = 3}), BreakerReason::list_vanished);
}

TEST(JudgeChange, StopsGoodNames) {
  auto change = daily();
  change.good_names = 100;
  change.good_names_before = 80;
  EXPECT_EQ(judge_change(change), std::nullopt);
  change.good_names = 101;
  EXPECT_EQ(judge_change(change), BreakerReason::good_names);
}

TEST(JudgeChange, AFirstRunIsJudgedByItsGoodNames) {
  ProposedChange first{.first = true, .after = 9'000, .added = 9'000, .read = 10'000};
  EXPECT_EQ(judge_change(first), std::nullopt);
  first.good_names = 500;
  EXPECT_EQ(judge_change(first), std::nullopt);
  first.good_names = 501;
  EXPECT_EQ(judge_change(first), BreakerReason::good_names);
}

TEST(CategoryOfListClass, IsTheTableOfTheProgramme) {
  EXPECT_EQ(category_of_list_class("scam"), Category::fraud);
  EXPECT_EQ(category_of_list_class("malicious"), Category::malware);
  EXPECT_EQ(category_of_list_class("threat"), Category::malware);
  EXPECT_EQ(category_of_list_class("gambling"), Category::choice_gambling);
  EXPECT_EQ(category_of_list_class("redirect"), Category::choice_ads);
  for (const char* refused : {"typo", "scam-dead", "scam-parked", "politics", ""}) {
    EXPECT_EQ(category_of_list_class(refused), std::nullopt) << refused;
  }
}

}  // namespace
}  // namespace khien::feeds
