#include "policy/policy_text.h"

#include <array>
#include <charconv>
#include <chrono>

#include "policy/schedule.h"
#include "text/ip.h"

namespace khien::policy {
namespace {

// Digits alone, at most `max`.
std::optional<unsigned> number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

Bytes octets_of(const text::IpAddress& address) {
  return Bytes{address.octets}.first(address.is_v6 ? 16 : 4);
}

}  // namespace

std::optional<AddressPrefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text::parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned bits = address->is_v6 ? 128 : 32;
  if (slash == std::string_view::npos) return AddressPrefix::of(octets_of(*address), bits);
  const std::string_view digits = text.substr(slash + 1);
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  const auto length = number(digits, bits);
  if (!length) return std::nullopt;
  return AddressPrefix::of(octets_of(*address), *length);
}

std::optional<std::string> parse_listener(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = number(text.substr(colon + 1), 65'535);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = text::parse_ip(host);
  if (!port || !address || address->is_v6 != bracketed) return std::nullopt;
  const std::string canonical = text::to_string(*address);
  return (bracketed ? "[" + canonical + "]" : canonical) + ":" + std::to_string(*port);
}

std::optional<std::uint16_t> parse_hour(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2), 24);
  const auto minute = number(text.substr(3), 59);
  if (!hour || !minute || *hour * 60 + *minute > minutes_a_day) return std::nullopt;
  return static_cast<std::uint16_t>(*hour * 60 + *minute);
}

std::optional<int> parse_day(std::string_view text) {
  constexpr std::array<std::string_view, days_a_week> days{"mon", "tue", "wed", "thu",
                                                           "fri", "sat", "sun"};
  for (int i = 0; i < days_a_week; ++i) {
    if (days[static_cast<std::size_t>(i)] == text) return i;
  }
  return std::nullopt;
}

std::optional<int> parse_utc_offset(std::string_view text) {
  constexpr int offset_max = 14 * 60;
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto minutes = parse_hour(text.substr(1));
  if (!minutes || *minutes > offset_max) return std::nullopt;
  return text[0] == '-' ? -static_cast<int>(*minutes) : static_cast<int>(*minutes);
}

std::optional<InstantMs> parse_last_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4), 9'999);
  const auto month = number(text.substr(5, 2), 12);
  const auto day = number(text.substr(8), 31);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  const std::chrono::sys_days last{date};
  return (last.time_since_epoch().count() + std::int64_t{1}) * ms_per_day;
}

}  // namespace khien::policy
