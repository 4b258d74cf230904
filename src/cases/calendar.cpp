#include "cases/calendar.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/assert.h"

namespace khien::cases {
namespace {

constexpr int idle_days_max = 60;  // a calendar with more days off in a row is a mistake

std::chrono::year_month_day civil(DayNumber day) noexcept {
  return std::chrono::sys_days{std::chrono::days{day}};
}

std::optional<int> number(std::string_view digits) noexcept {
  int value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

DayNumber vietnam_day(InstantMs at_ms) noexcept {
  const auto local = at_ms + vietnam_offset_ms;
  const auto day = local / ms_per_day;
  return local % ms_per_day < 0 ? day - 1 : day;  // rounds down before 1970, too
}

std::optional<DayNumber> parse_day(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day || *month < 1 || *day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::string day_text(DayNumber day) {
  const auto date = civil(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

int vietnam_year(InstantMs at_ms) noexcept {
  return static_cast<int>(civil(vietnam_day(at_ms)).year());
}

bool Calendar::is_working_day(DayNumber day) const {
  if (makeup_days.contains(day)) return true;
  if (holidays.contains(day)) return false;
  const std::chrono::weekday weekday{std::chrono::sys_days{std::chrono::days{day}}};
  return weekday != std::chrono::Saturday && weekday != std::chrono::Sunday;
}

InstantMs after_working_days(InstantMs from_ms, int days, const Calendar& calendar) {
  KHIEN_ASSERT(days >= 1 && days <= working_days_max);
  auto day = vietnam_day(from_ms);
  int idle = 0;
  for (int left = days; left > 0;) {
    ++day;
    // A calendar that is all holidays must not keep us here: then every day counts.
    if (calendar.is_working_day(day) || idle >= idle_days_max) {
      --left;
      idle = 0;
    } else {
      ++idle;
    }
  }
  return day * ms_per_day - vietnam_offset_ms + office_closes_hour * ms_per_hour;
}

}  // namespace khien::cases
