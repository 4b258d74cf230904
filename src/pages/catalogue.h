// The texts that people read, in Vietnamese and English, from i18n/*.LANG.json and i18n/LANG.json:
// flat objects of key and text. The officers' app builds from the same files. Immutable after
// loading; any thread.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::pages {

/// The first is what a reader gets who asks for no other.
constexpr std::array<std::string_view, 2> languages{"vi", "en"};

/// `wanted` if it is one of ours, else the best of an Accept-Language header (RFC 9110
/// section 12.5.4; its order is taken as preference), else Vietnamese.
[[nodiscard]] std::string_view choose_language(std::string_view wanted,
                                               std::string_view accept_language) noexcept;

class Catalogue {
 public:
  /// Reads every file of `folder`. malformed if one is no flat object of texts, a key stands twice,
  /// or a key is missing in a language; not_found without files.
  [[nodiscard]] static Result<Catalogue> load(const std::filesystem::path& folder);

  /// The text, or the key itself where there is none (which a test of the pages excludes).
  [[nodiscard]] std::string_view text(std::string_view lang, std::string_view key) const noexcept;
  [[nodiscard]] bool has(std::string_view key) const noexcept;

 private:
  using Texts = std::map<std::string, std::string, std::less<>>;
  std::array<Texts, languages.size()> texts_;
};

}  // namespace khien::pages
