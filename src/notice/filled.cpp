#include "notice/filled.h"

namespace khien::notice {

std::string filled(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) break;
    const auto key = text.substr(open + 2, close - open - 2);
    out += text.substr(0, open);
    for (const auto& [name, value] : values) {
      if (name == key) out += value;
    }
    text.remove_prefix(close + 2);
  }
  out += text;
  return out;
}

}  // namespace khien::notice
