// How often each rule was applied since khiend was last told, over all workers; what may be told,
// and when what may not is forgotten. A rule is told once it was applied report_hits_min times: no
// single person's question can be seen in that. Values and instants come as arguments; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "policy/source.h"

namespace khien::resolver {

constexpr std::uint64_t report_hits_min = 10;              // below: not told
constexpr std::int64_t report_wait_max_ms = ms_per_day;    // below for so long: forgotten
constexpr std::size_t rule_sums_max = 65'536;              // rules that wait to be told
constexpr std::size_t report_rules_max = 10'000;           // in one report, as khiend takes them
constexpr std::size_t report_rules_size_max = 600 * 1024;  // octets of their JSON

/// As a report says it (docs/formats/resolver-report.md).
struct RuleHits {
  std::string source;
  std::string name;
  std::uint64_t hits = 0;
};

class RuleSums {
 public:
  /// `name` in wire form, with its root label. `steady_ms` never goes back.
  void add(policy::Source source, Bytes name, std::uint64_t hits, std::int64_t steady_ms);
  /// Applications of rules that somebody before had no room for.
  void add_left_out(std::uint64_t hits) noexcept { left_out_ += hits; }
  /// Forgets what stayed below the threshold for too long.
  void forget_old(std::int64_t steady_ms);

  /// What may be told, the most applied first, as much as goes into one report; it is counted anew
  /// from 0.
  [[nodiscard]] std::vector<RuleHits> take();
  /// How many applications were never told and never will be, since the last call.
  [[nodiscard]] std::uint64_t take_left_out() noexcept { return std::exchange(left_out_, 0); }
  [[nodiscard]] std::size_t size() const noexcept { return sums_.size(); }

 private:
  struct Sum {
    std::uint64_t hits = 0;
    std::int64_t since_ms = 0;
  };
  std::unordered_map<std::string, Sum> sums_;  // by the source's index in one octet, then the name
  std::uint64_t left_out_ = 0;
};

}  // namespace khien::resolver
