#include "codec/rfc3339.h"

#include <algorithm>
#include <chrono>

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

// Not fmt: a program that is linked whole (khien-probe) has no archive of it.
void append_padded(std::string& text, int value, std::size_t width) {
  const auto digits = std::to_string(value);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
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
  const std::chrono::sys_time<std::chrono::milliseconds> instant{
      std::chrono::milliseconds{instant_ms}};
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day day{midnight};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(instant - midnight)};
  std::string text;
  append_padded(text, int{day.year()}, 4);
  append_padded(text.append("-"), static_cast<int>(unsigned{day.month()}), 2);
  append_padded(text.append("-"), static_cast<int>(unsigned{day.day()}), 2);
  append_padded(text.append("T"), static_cast<int>(time.hours().count()), 2);
  append_padded(text.append(":"), static_cast<int>(time.minutes().count()), 2);
  append_padded(text.append(":"), static_cast<int>(time.seconds().count()), 2);
  return text.append("Z");
}

}  // namespace khien::codec
