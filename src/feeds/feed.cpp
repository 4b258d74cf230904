#include "feeds/feed.h"

#include <array>

#include "base/enum_words.h"

namespace khien::feeds {
namespace {

constexpr std::array<std::string_view, 5> state_words{"proposed", "active", "stopped", "suspended",
                                                      "lapsed"};
constexpr std::array<std::string_view, 5> run_words{"running", "applied", "unchanged", "stopped",
                                                    "failed"};

}  // namespace

std::string_view to_string(FeedState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

std::optional<FeedState> parse_feed_state(std::string_view word) noexcept {
  return parse_word<FeedState>(state_words, word);
}

std::string_view to_string(RunState state) noexcept {
  return run_words[static_cast<std::size_t>(state)];
}

std::optional<RunState> parse_run_state(std::string_view word) noexcept {
  return parse_word<RunState>(run_words, word);
}

}  // namespace khien::feeds
