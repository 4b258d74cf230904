#include "pages/moment.h"

#include <fmt/format.h>

#include <chrono>

namespace khien::pages {
namespace {

constexpr std::int64_t vietnam_offset_ms = 7 * ms_per_hour;

}  // namespace

std::string date_text(InstantMs at_ms) {
  const auto day =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::milliseconds>{
          std::chrono::milliseconds{at_ms + vietnam_offset_ms}});
  const std::chrono::year_month_day date{day};
  return fmt::format("{:02}/{:02}/{:04}", static_cast<unsigned>(date.day()),
                     static_cast<unsigned>(date.month()), static_cast<int>(date.year()));
}

std::string moment_text(InstantMs at_ms) {
  const auto minutes = (at_ms + vietnam_offset_ms) / ms_per_minute % (24 * 60);
  return fmt::format("{:02}:{:02} {}", minutes / 60, minutes % 60, date_text(at_ms));
}

}  // namespace khien::pages
