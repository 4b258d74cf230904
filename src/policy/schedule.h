// Weekly hours in which network choices are on or off ("no games in school hours"): plain minutes
// of a week in a fixed offset from UTC. No time zone database: Vietnam has no summer time.
#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"
#include "policy/source.h"

namespace khien::policy {

constexpr int minutes_a_day = 24 * 60;
constexpr int days_a_week = 7;

/// The hours of one line. Where `from` is not before `to`, they end on the day after.
struct Hours {
  std::uint8_t days = 0;  // bit 0: Monday; the day on which they begin
  std::uint16_t from_minute = 0;
  std::uint16_t to_minute = minutes_a_day;  // not within any more
  friend bool operator==(const Hours&, const Hours&) = default;
};

struct Schedule {
  SourceMask choices = 0;
  bool on = true;
  Hours hours = {};
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// Minutes since Monday 00:00 of the week in which `now_ms` is, in the offset.
[[nodiscard]] int minute_of_week(InstantMs now_ms, int utc_offset_minutes) noexcept;
[[nodiscard]] bool within(const Hours& hours, int minute_of_week) noexcept;

/// `sources` with what the schedules say at that minute; a later line goes before an earlier one.
[[nodiscard]] SourceMask scheduled(SourceMask sources, std::span<const Schedule> schedules,
                                   int minute_of_week) noexcept;

}  // namespace khien::policy
