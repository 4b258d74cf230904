#include "recheck/look.h"

#include <algorithm>
#include <array>

namespace khien::recheck {
namespace {

constexpr std::array<std::string_view, 6> words{"exists",     "no_name", "no_domain",
                                                "no_servers", "failed",  "filtered"};

}  // namespace

std::string_view to_string(LookOutcome outcome) noexcept {
  return words[static_cast<std::size_t>(outcome)];
}

std::optional<LookOutcome> parse_look_outcome(std::string_view word) noexcept {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<LookOutcome>(found - words.begin());
}

}  // namespace khien::recheck
