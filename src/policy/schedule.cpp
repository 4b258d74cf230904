#include "policy/schedule.h"

namespace khien::policy {
namespace {

constexpr std::int64_t minutes_a_week = std::int64_t{days_a_week} * minutes_a_day;
constexpr std::int64_t epoch_day = 3;  // 1970-01-01 was a Thursday

}  // namespace

int minute_of_week(InstantMs now_ms, int utc_offset_minutes) noexcept {
  std::int64_t minutes = now_ms / ms_per_minute;
  if (now_ms % ms_per_minute < 0) --minutes;  // before 1970
  minutes += utc_offset_minutes + epoch_day * minutes_a_day;
  return static_cast<int>((minutes % minutes_a_week + minutes_a_week) % minutes_a_week);
}

bool within(const Hours& hours, int minute_of_week) noexcept {
  const int day = minute_of_week / minutes_a_day;
  const int minute = minute_of_week % minutes_a_day;
  const auto begins_on = [&](int which) { return (hours.days >> which & 1) != 0; };
  if (hours.from_minute < hours.to_minute) {
    return begins_on(day) && minute >= hours.from_minute && minute < hours.to_minute;
  }
  const int day_before = (day + days_a_week - 1) % days_a_week;
  return (begins_on(day) && minute >= hours.from_minute) ||
         (begins_on(day_before) && minute < hours.to_minute);
}

SourceMask scheduled(SourceMask sources, std::span<const Schedule> schedules,
                     int minute_of_week) noexcept {
  for (const Schedule& schedule : schedules) {
    if (!within(schedule.hours, minute_of_week)) continue;
    sources = schedule.on ? sources | schedule.choices : sources & ~schedule.choices;
  }
  return sources;
}

}  // namespace khien::policy
