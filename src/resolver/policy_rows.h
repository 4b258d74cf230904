// Where workers count each policy of the policy document: a row a name, which the name keeps while
// the process lives, so that a reload and a schedule's hour change no count. The rows themselves
// are the workers' (Counters); this only gives their numbers out. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace khien::resolver {

/// Different policy names in one life of the process: three whole documents of others. What comes
/// later is counted in row 0, with everybody who has no policy of the document.
constexpr std::uint32_t policy_rows_max = 32'768;

struct PolicyRow {
  std::string policy;
  std::uint32_t row = 0;
};

class PolicyRows {
 public:
  /// From now on these names are in force; the first one, which is nobody's, has row 0.
  void take(const std::vector<std::string>& names);
  /// Of those names, in their order.
  [[nodiscard]] std::span<const std::uint32_t> numbers() const noexcept { return numbers_; }
  /// Those that have a row, and the one without a name.
  [[nodiscard]] std::vector<PolicyRow> in_force() const;

 private:
  std::map<std::string, std::uint32_t, std::less<>> known_{{"", 0}};
  std::vector<std::string> names_;
  std::vector<std::uint32_t> numbers_;
};

}  // namespace khien::resolver
