#include "policy/document_reader.h"

#include <algorithm>

namespace khien::policy {

std::string Where::text() const {
  if (parent_ == nullptr) return {};
  std::string text = parent_->text() + "/";
  if (key_.data() == nullptr) return text + std::to_string(index_);
  for (const char c : key_.substr(0, shown_size_max)) {
    text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return text;
}

std::string quoted(std::string_view text) {
  return "\"" + std::string{text.substr(0, shown_size_max)} + "\"";
}

bool DocumentReader::wrong(const Where& where, std::string why, ErrorCode code) {
  if (!error_) {
    const std::string place = where.text();
    error_ = Error{.code = code, .message = (place.empty() ? "/" : place) + ": " + why};
  }
  return false;
}

bool DocumentReader::only(const Where& where, const codec::Json& json,
                          std::initializer_list<std::string_view> keys) {
  if (!json.is_object()) return wrong(where, "expected an object");
  for (const auto& member : json.members()) {
    if (std::ranges::find(keys, member.key) != keys.end()) continue;
    if (member.key == "orders" || member.key == "emergency" || member.key == "pass") {
      return wrong({where, member.key}, "orders hold for everybody: no network can choose");
    }
    return wrong({where, member.key}, "unknown key");
  }
  return true;
}

bool DocumentReader::text(const Where& where, const codec::Json& json, std::string_view& out) {
  if (json.text() == nullptr) return wrong(where, "expected a text");
  out = *json.text();
  return true;
}

}  // namespace khien::policy
