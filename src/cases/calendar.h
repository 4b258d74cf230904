// Vietnam's days: UTC+7 all year, Monday to Friday, without the holidays and with the make-up
// working days that each year's decision names (Tết shifts). The only place in the domain where
// local time exists. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace khien::cases {

constexpr std::int64_t vietnam_offset_ms = 7 * ms_per_hour;
constexpr int office_closes_hour = 17;  // a deadline of working days ends at five in the afternoon
/// Further than this no period of working days reaches; it bounds the loop.
constexpr int working_days_max = 366;

/// Days since 1970-01-01 in Vietnam.
using DayNumber = std::int64_t;

[[nodiscard]] DayNumber vietnam_day(InstantMs at_ms) noexcept;
/// "2026-02-17" as a day; nullopt if there is no such day.
[[nodiscard]] std::optional<DayNumber> parse_day(std::string_view text) noexcept;
[[nodiscard]] std::string day_text(DayNumber day);
/// The year in Vietnam, as numbers of records carry it.
[[nodiscard]] int vietnam_year(InstantMs at_ms) noexcept;

struct Calendar {
  std::set<DayNumber> holidays = {};
  std::set<DayNumber> makeup_days = {};  ///< a Saturday or Sunday on which offices work

  [[nodiscard]] bool is_working_day(DayNumber day) const;
};

/// When a period of `days` working days that starts at `from_ms` ends: at office_closes_hour on the
/// last of them. The day of the event itself does not count (Civil Code 2015, article 147). `days`
/// in 1..working_days_max.
[[nodiscard]] InstantMs after_working_days(InstantMs from_ms, int days, const Calendar& calendar);

}  // namespace khien::cases
