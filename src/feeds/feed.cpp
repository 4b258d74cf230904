#include "feeds/feed.h"

#include <array>

namespace khien::feeds {
namespace {

constexpr std::array<std::string_view, 5> state_words{"proposed", "active", "stopped", "suspended",
                                                      "lapsed"};
constexpr std::array<std::string_view, 5> run_words{"running", "applied", "unchanged", "stopped",
                                                    "failed"};

template <typename Enum>
std::optional<Enum> parse(const std::array<std::string_view, 5>& words,
                          std::string_view word) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(FeedState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

std::optional<FeedState> parse_feed_state(std::string_view word) noexcept {
  return parse<FeedState>(state_words, word);
}

std::string_view to_string(RunState state) noexcept {
  return run_words[static_cast<std::size_t>(state)];
}

std::optional<RunState> parse_run_state(std::string_view word) noexcept {
  return parse<RunState>(run_words, word);
}

}  // namespace khien::feeds
