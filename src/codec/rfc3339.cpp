#include "codec/rfc3339.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace khien::codec {
namespace {

// A 0 in `shape` stands for any digit.
bool fits(std::string_view text, std::string_view shape) noexcept {
  return std::ranges::equal(text, shape, [](char c, char like) {
    return like == '0' ? c >= '0' && c <= '9' : c == like;
  });
}

int number(std::string_view digits) noexcept {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::optional<InstantMs> read_rfc3339(std::string_view text) noexcept {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() <= shape.size() || !fits(text.substr(0, shape.size()), shape)) {
    return std::nullopt;
  }
  const std::string_view zone = text.substr(shape.size());
  const bool has_offset = fits(zone, "+00:00") || fits(zone, "-00:00");
  if (zone != "Z" && !has_offset) return std::nullopt;
  const std::chrono::year_month_day day{
      std::chrono::year{number(text.substr(0, 4))},
      std::chrono::month{static_cast<unsigned>(number(text.substr(5, 2)))},
      std::chrono::day{static_cast<unsigned>(number(text.substr(8, 2)))}};
  const int hour = number(text.substr(11, 2));
  const int minute = number(text.substr(14, 2));
  const int second = number(text.substr(17, 2));
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const InstantMs instant_ms = std::chrono::sys_days{day}.time_since_epoch().count() * ms_per_day +
                               hour * ms_per_hour + minute * ms_per_minute + second * ms_per_second;
  if (!has_offset) return instant_ms;
  const std::int64_t offset_ms =
      number(zone.substr(1, 2)) * ms_per_hour + number(zone.substr(4, 2)) * ms_per_minute;
  return zone.front() == '+' ? instant_ms - offset_ms : instant_ms + offset_ms;
}

std::string write_rfc3339(InstantMs instant_ms) {
  const auto seconds = static_cast<std::time_t>(instant_ms / ms_per_second);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

}  // namespace khien::codec
