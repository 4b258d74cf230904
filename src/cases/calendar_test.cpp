#include "cases/calendar.h"

#include <gtest/gtest.h>

namespace khien::cases {
namespace {

InstantMs vietnam(std::string_view day, int hour) {
  return *parse_day(day) * ms_per_day - vietnam_offset_ms + hour * ms_per_hour;
}

TEST(Calendar, DaysReadAndWrite) {
  EXPECT_EQ(day_text(*parse_day("2026-02-17")), "2026-02-17");
  EXPECT_EQ(day_text(*parse_day("2028-02-29")), "2028-02-29");
  for (const auto bad : {"2026-02-29", "2026-13-01", "2026-00-10", "26-02-17", "2026/02/17", "",
                         "2026-02-1x", "2026-02-017"}) {
    EXPECT_FALSE(parse_day(bad).has_value()) << bad;
  }
}

TEST(Calendar, TheDayChangesAtMidnightInVietnam) {
  const auto day = *parse_day("2026-03-02");
  EXPECT_EQ(vietnam_day(vietnam("2026-03-02", 0)), day);
  EXPECT_EQ(vietnam_day(vietnam("2026-03-02", 0) - 1), day - 1);
  EXPECT_EQ(vietnam_year(vietnam("2027-01-01", 0)), 2027);
  EXPECT_EQ(vietnam_year(vietnam("2027-01-01", 0) - 1), 2026);
  EXPECT_EQ(vietnam_day(-8 * ms_per_hour), -1);
}

TEST(Calendar, WeekendsDoNotCount) {
  // 2026-03-06 is a Friday.
  EXPECT_EQ(after_working_days(vietnam("2026-03-06", 23), 1, {}), vietnam("2026-03-09", 17));
  EXPECT_EQ(after_working_days(vietnam("2026-03-06", 9), 5, {}), vietnam("2026-03-13", 17));
}

TEST(Calendar, TetDoesNotCountAndMakeUpDaysDo) {
  Calendar calendar;
  for (auto day = *parse_day("2026-02-16"); day <= *parse_day("2026-02-20"); ++day) {
    calendar.holidays.insert(day);
  }
  calendar.makeup_days.insert(*parse_day("2026-02-28"));  // a Saturday
  // Friday the 13th: the next working day is Monday the 23rd.
  EXPECT_EQ(after_working_days(vietnam("2026-02-13", 10), 1, calendar), vietnam("2026-02-23", 17));
  EXPECT_EQ(after_working_days(vietnam("2026-02-27", 10), 1, calendar), vietnam("2026-02-28", 17));
}

TEST(Calendar, ACalendarOfHolidaysOnlyStillEnds) {
  Calendar calendar;
  for (DayNumber day = 0; day < 40'000; ++day) calendar.holidays.insert(day);
  EXPECT_GT(after_working_days(vietnam("2026-02-13", 10), 2, calendar), vietnam("2026-02-13", 10));
}

}  // namespace
}  // namespace khien::cases
