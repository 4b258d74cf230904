// Json as a request: members by key with a type, and errors that name the key.
#include <algorithm>

#include "codec/json.h"

namespace khien::codec {
namespace {

constexpr std::size_t key_shown_max = 64;  // a message never carries a whole hostile key

tl::unexpected<Error> bad_field(std::string_view key, std::string_view wanted, const Json* found) {
  std::string message = "field \"" + std::string{key} + "\": expected " + std::string{wanted};
  message += found == nullptr ? ", absent" : ", found " + std::string{to_string(found->type())};
  return fail(ErrorCode::malformed, std::move(message), "bad_field");
}

tl::unexpected<Error> not_an_object(const Json& json) {
  return fail(ErrorCode::malformed, "expected object, found " + std::string{to_string(json.type())},
              "bad_field");
}

// The member as `take` reads it, or the error that says what was there instead.
template <typename T, typename Take>
Result<T> required(const Json& json, std::string_view key, std::string_view wanted, Take take) {
  if (!json.is_object()) return not_an_object(json);
  const Json* member = json.find(key);
  if (member == nullptr) return bad_field(key, wanted, nullptr);
  std::optional<T> value = take(*member);
  if (!value) return bad_field(key, wanted, member);
  return std::move(*value);
}

template <typename T, typename Take>
Result<std::optional<T>> optional(const Json& json, std::string_view key, std::string_view wanted,
                                  Take take) {
  if (!json.is_object()) return not_an_object(json);
  const Json* member = json.find(key);
  if (member == nullptr || member->is_null()) return std::optional<T>{};
  std::optional<T> value = take(*member);
  if (!value) return bad_field(key, wanted, member);
  return value;
}

std::optional<std::string> take_text(const Json& json) {
  return json.text() == nullptr ? std::nullopt : std::optional{*json.text()};
}
std::optional<std::int64_t> take_integer(const Json& json) { return json.integer(); }
std::optional<bool> take_boolean(const Json& json) { return json.boolean(); }
std::optional<double> take_real(const Json& json) { return json.real(); }
std::optional<Json::Array> take_array(const Json& json) {
  return json.is_array() ? std::optional{json.items()} : std::nullopt;
}
std::optional<Json> take_object(const Json& json) {
  return json.is_object() ? std::optional{json} : std::nullopt;
}
std::optional<std::vector<std::string>> take_texts(const Json& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& item : json.items()) {
    if (item.text() == nullptr) return std::nullopt;
    texts.push_back(*item.text());
  }
  return texts;
}

}  // namespace

Result<std::string> Json::text_at(std::string_view key) const {
  return required<std::string>(*this, key, "text", take_text);
}
Result<std::int64_t> Json::integer_at(std::string_view key) const {
  return required<std::int64_t>(*this, key, "integer", take_integer);
}
Result<bool> Json::boolean_at(std::string_view key) const {
  return required<bool>(*this, key, "boolean", take_boolean);
}
Result<double> Json::real_at(std::string_view key) const {
  return required<double>(*this, key, "number", take_real);
}
Result<Json::Array> Json::array_at(std::string_view key) const {
  return required<Array>(*this, key, "array", take_array);
}
Result<std::vector<std::string>> Json::texts_at(std::string_view key) const {
  return required<std::vector<std::string>>(*this, key, "array of text", take_texts);
}
Result<Json> Json::object_at(std::string_view key) const {
  return required<Json>(*this, key, "object", take_object);
}
Result<std::optional<std::string>> Json::optional_text_at(std::string_view key) const {
  return optional<std::string>(*this, key, "text", take_text);
}
Result<std::optional<std::int64_t>> Json::optional_integer_at(std::string_view key) const {
  return optional<std::int64_t>(*this, key, "integer", take_integer);
}
Result<std::optional<bool>> Json::optional_boolean_at(std::string_view key) const {
  return optional<bool>(*this, key, "boolean", take_boolean);
}

Result<void> Json::only(std::initializer_list<std::string_view> keys) const {
  if (!is_object()) return not_an_object(*this);
  for (const auto& member : members()) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    return fail(ErrorCode::malformed,
                "field \"" + member.key.substr(0, key_shown_max) + "\" is not known",
                "unknown_field");
  }
  return {};
}

}  // namespace khien::codec
