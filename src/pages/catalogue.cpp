#include "pages/catalogue.h"

#include <algorithm>

#include "base/file.h"
#include "codec/json.h"

namespace khien::pages {
namespace {

constexpr std::size_t file_size_max = 1 << 20;

/// 0 for "vi.json" and "public.vi.json", 1 for English, languages.size() for other files.
std::size_t language_of(const std::string& file_name) {
  for (std::size_t i = 0; i < languages.size(); ++i) {
    const std::string end = std::string{languages[i]} + ".json";
    if (file_name == end || file_name.ends_with("." + end)) return i;
  }
  return languages.size();
}

}  // namespace

std::string_view choose_language(std::string_view wanted,
                                 std::string_view accept_language) noexcept {
  for (const auto lang : languages) {
    if (wanted == lang) return lang;
  }
  while (!accept_language.empty()) {
    const auto comma = accept_language.find(',');
    auto range = accept_language.substr(0, comma);
    accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size()
                                                                  : comma + 1);
    while (range.starts_with(' ')) range.remove_prefix(1);
    for (const auto lang : languages) {
      const auto rest = range.starts_with(lang) ? range.substr(lang.size()) : std::string_view{"x"};
      if (rest.empty() || rest.front() == '-' || rest.front() == ';') return lang;
    }
  }
  return languages.front();
}

Result<Catalogue> Catalogue::load(const std::filesystem::path& folder) {
  Catalogue catalogue;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
    const auto lang = language_of(entry.path().filename().string());
    if (lang == languages.size()) continue;
    auto content = read_file(entry.path(), file_size_max);
    if (!content) return propagate(std::move(content).error(), "load texts");
    auto json = codec::Json::parse(*content, {.size_max = file_size_max, .depth_max = 1});
    if (!json) return propagate(std::move(json).error(), "load texts " + entry.path().string());
    if (!json->is_object()) return fail(ErrorCode::malformed, "texts are no object");
    for (const auto& member : json->members()) {
      const auto* text = member.value.text();
      if (text == nullptr || !catalogue.texts_[lang].emplace(member.key, *text).second) {
        return fail(ErrorCode::malformed, "the text " + member.key + " stands twice or is no text");
      }
    }
  }
  if (catalogue.texts_[0].empty()) {
    return fail(ErrorCode::not_found, "no texts in " + folder.string());
  }
  for (const auto& texts : catalogue.texts_) {
    for (const auto& [key, text] : texts) {
      for (const auto& other : catalogue.texts_) {
        if (!other.contains(key)) {
          return fail(ErrorCode::malformed, "the text " + key + " is missing in a language");
        }
      }
    }
  }
  return catalogue;
}

std::string_view Catalogue::text(std::string_view lang, std::string_view key) const noexcept {
  const auto index = lang == languages[1] ? 1U : 0U;
  const auto found = texts_[index].find(key);
  return found == texts_[index].end() ? key : std::string_view{found->second};
}

bool Catalogue::has(std::string_view key) const noexcept { return texts_[0].contains(key); }

}  // namespace khien::pages
