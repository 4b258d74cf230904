// What a resolver tells (docs/formats/resolver-report.md), read strictly: sums over everybody, and
// nothing beside. A report that breaks the contract is refused whole. Pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace khien::tally {

constexpr std::size_t report_size_max = 1UL << 20U;  // octets
constexpr std::size_t report_rules_max = 10'000;
constexpr std::size_t report_new_names_max = 10'000;
constexpr std::int64_t report_span_max_ms = 26 * ms_per_hour;
constexpr std::int64_t report_ahead_max_ms = 10 * ms_per_minute;  // of our clock
constexpr std::int64_t report_age_max_ms = 7 * ms_per_day;
/// No sum tells what fewer than ten questions, or fewer than ten networks, were about.
constexpr std::int64_t hits_min = 10;
constexpr std::int64_t networks_min = 10;
constexpr std::int64_t hits_max = 10'000'000'000;  // of one rule in one report
constexpr std::int64_t networks_max = 1LL << 32;   // more than there are /24 and /56 in use
constexpr std::int64_t left_out_max = 1LL << 40;

struct RuleHits {
  std::string source;  ///< id of one of khiend's zones: "orders-phishing"
  std::string name;    ///< A-labels, lower case, no final dot
  std::int64_t hits = 0;
};
struct NewName {
  std::string name;
  std::int64_t networks = 0;  ///< an estimate
};
struct Report {
  std::string id;  ///< 32 hexadecimal digits, lower case
  InstantMs from_ms = 0;
  InstantMs to_ms = 0;
  std::vector<RuleHits> rules;
  std::int64_t rules_left_out = 0;
  std::vector<NewName> new_names;
  std::int64_t new_names_dropped = 0;
};

/// malformed or invalid_argument, with reason "not_json", "bad_field", "unknown_field",
/// "bad_version", "bad_id", "bad_time", "report_too_long", "report_in_the_future",
/// "report_too_old", "too_many_rows", "bad_source", "bad_name", "too_few_hits", "bad_number".
/// Linear.
[[nodiscard]] Result<Report> parse_report(std::string_view body, InstantMs now_ms);

/// "2026-11-27T18:05:00Z", UTC and whole seconds only, as an instant. malformed "bad_time".
[[nodiscard]] Result<InstantMs> parse_second(std::string_view text);

}  // namespace khien::tally
