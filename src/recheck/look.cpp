#include "recheck/look.h"

#include <algorithm>
#include <array>

#include "base/enum_words.h"

namespace khien::recheck {
namespace {

constexpr std::array<std::string_view, 6> words{"exists",     "no_name", "no_domain",
                                                "no_servers", "failed",  "filtered"};
constexpr std::array<std::string_view, 4> page_words{"present", "gone", "unclear", "unreachable"};

}  // namespace

std::string_view to_string(LookOutcome outcome) noexcept {
  return words[static_cast<std::size_t>(outcome)];
}

std::optional<LookOutcome> parse_look_outcome(std::string_view word) noexcept {
  return parse_word<LookOutcome>(words, word);
}

std::string_view to_string(PageOutcome outcome) noexcept {
  return page_words[static_cast<std::size_t>(outcome)];
}

std::optional<PageOutcome> parse_page_outcome(std::string_view word) noexcept {
  return parse_word<PageOutcome>(page_words, word);
}

Content content_of(const Look& look) noexcept {
  if (look.pages.empty()) return Content::not_looked;
  const auto is = [](PageOutcome outcome) {
    return [outcome](const PageLook& page) { return page.outcome == outcome; };
  };
  const auto& pages = look.pages;
  if (std::any_of(pages.begin(), pages.end(), is(PageOutcome::present))) return Content::present;
  if (std::all_of(pages.begin(), pages.end(), is(PageOutcome::gone))) return Content::gone;
  return Content::unclear;
}

}  // namespace khien::recheck
