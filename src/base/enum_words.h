// Words of an enum whose values count from 0, in their order, as the database and the API have
// them.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace khien {

/// The value that `word` stands for.
template <typename Enum, std::size_t count>
[[nodiscard]] constexpr std::optional<Enum> parse_word(
    const std::array<std::string_view, count>& words, std::string_view word) noexcept {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

}  // namespace khien
