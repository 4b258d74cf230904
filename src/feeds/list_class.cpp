#include "feeds/list_class.h"

#include <array>

namespace khien::feeds {
namespace {

struct Mapping {
  std::string_view list_class;
  Category category;
};

constexpr std::array<Mapping, 10> mappings{{{"scam", Category::fraud},
                                            {"malware", Category::malware},
                                            {"malicious", Category::malware},
                                            {"threat", Category::malware},
                                            {"phishing", Category::phishing},
                                            {"drugs", Category::illegal_trade},
                                            {"gambling", Category::choice_gambling},
                                            {"adult", Category::choice_adult},
                                            {"ads", Category::choice_ads},
                                            {"redirect", Category::choice_ads}}};

}  // namespace

std::optional<Category> category_of_list_class(std::string_view list_class) noexcept {
  for (const auto& mapping : mappings) {
    if (mapping.list_class == list_class) return mapping.category;
  }
  return std::nullopt;
}

}  // namespace khien::feeds
