#include "policy/schedule.h"

#include <gtest/gtest.h>

#include <array>

namespace khien::policy {
namespace {

constexpr InstantMs monday_utc = 1'767'571'200'000;  // 2026-01-05 00:00 UTC, a Monday
constexpr int vietnam = 7 * 60;
constexpr int at(int day, int hour, int minute = 0) {
  return day * minutes_a_day + hour * 60 + minute;
}

TEST(Schedule, CountsMinutesFromMondayInTheOffset) {
  EXPECT_EQ(minute_of_week(monday_utc, 0), 0);
  EXPECT_EQ(minute_of_week(monday_utc + 59'999, 0), 0);
  EXPECT_EQ(minute_of_week(monday_utc, vietnam), at(0, 7));
  EXPECT_EQ(minute_of_week(monday_utc - 1, 0), at(6, 23, 59));
  EXPECT_EQ(minute_of_week(monday_utc, -60), at(6, 23));
  EXPECT_EQ(minute_of_week(0, 0), at(3, 0));
  EXPECT_EQ(minute_of_week(-1, 0), at(2, 23, 59));
}

TEST(Schedule, HoursBeginAndEndAtTheirMinutes) {
  const Hours school{.days = 0b001'1111, .from_minute = 7 * 60, .to_minute = 17 * 60 + 30};
  EXPECT_FALSE(within(school, at(0, 6, 59)));
  EXPECT_TRUE(within(school, at(0, 7)));
  EXPECT_TRUE(within(school, at(4, 17, 29)));
  EXPECT_FALSE(within(school, at(4, 17, 30)));
  EXPECT_FALSE(within(school, at(5, 12)));
}

TEST(Schedule, HoursOverMidnightBelongToTheDayOnWhichTheyBegin) {
  const Hours sunday_night{.days = 0b100'0000, .from_minute = 22 * 60, .to_minute = 6 * 60};
  EXPECT_FALSE(within(sunday_night, at(6, 5)));
  EXPECT_TRUE(within(sunday_night, at(6, 22)));
  EXPECT_TRUE(within(sunday_night, at(0, 5, 59)));
  EXPECT_FALSE(within(sunday_night, at(0, 6)));
  EXPECT_FALSE(within(sunday_night, at(1, 1)));
}

TEST(Schedule, WholeDaysAreFromZeroToTwentyFour) {
  const Hours sunday{.days = 0b100'0000};
  EXPECT_TRUE(within(sunday, at(6, 0)));
  EXPECT_TRUE(within(sunday, at(6, 23, 59)));
  EXPECT_FALSE(within(sunday, at(0, 0)));
}

TEST(Schedule, ALaterLineGoesBeforeAnEarlierOne) {
  constexpr SourceMask ads = 4;
  const std::array lines{
      Schedule{.choices = ads, .on = true, .hours = {.days = 0b111'1111}},
      Schedule{.choices = ads,
               .on = false,
               .hours = {.days = 0b000'0001, .from_minute = 60, .to_minute = 120}}};
  EXPECT_EQ(scheduled(1, lines, at(0, 0)), 1 | ads);
  EXPECT_EQ(scheduled(1 | ads, lines, at(0, 1)), 1U);
  EXPECT_EQ(scheduled(1, lines, at(0, 2)), 1 | ads);
}

}  // namespace
}  // namespace khien::policy
