#include "recheck/look.h"

#include <algorithm>
#include <array>

#include "base/enum_words.h"

namespace khien::recheck {
namespace {

constexpr std::array<std::string_view, 6> words{"exists",     "no_name", "no_domain",
                                                "no_servers", "failed",  "filtered"};

}  // namespace

std::string_view to_string(LookOutcome outcome) noexcept {
  return words[static_cast<std::size_t>(outcome)];
}

std::optional<LookOutcome> parse_look_outcome(std::string_view word) noexcept {
  return parse_word<LookOutcome>(words, word);
}

}  // namespace khien::recheck
