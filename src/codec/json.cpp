#include "codec/json.h"

#include <utility>

#include "base/assert.h"

namespace khien::codec {
namespace {

const Json::Array no_items;
const Json::Object no_members;

}  // namespace

Json::Json() noexcept : value_(nullptr) {}
Json::Json(std::nullptr_t) noexcept : value_(nullptr) {}
Json::Json(double value) noexcept : value_(value) {}
Json::Json(std::string value) : value_(std::move(value)) {}
Json::Json(std::string_view value) : value_(std::string{value}) {}
Json::Json(const char* value) : value_(std::string{value}) {}
Json::Json(Array values) : value_(std::move(values)) {}
Json::Json(Object members) : value_(std::move(members)) {}
Json::Json(FromInteger, std::int64_t value) noexcept : value_(value) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json Json::object(std::initializer_list<JsonMember> members) {
  Json json{Object{}};
  for (const auto& member : members) {
    KHIEN_ASSERT(json.find(member.key) == nullptr);
    std::get<Object>(json.value_).push_back(member);
  }
  return json;
}

Json Json::from_members(Object members) { return Json{std::move(members)}; }

Json Json::array(std::initializer_list<Json> items) { return Json{Array{items}}; }

JsonType Json::type() const noexcept { return static_cast<JsonType>(value_.index()); }

std::optional<bool> Json::boolean() const noexcept {
  const auto* value = std::get_if<bool>(&value_);
  return value == nullptr ? std::nullopt : std::optional{*value};
}

std::optional<std::int64_t> Json::integer() const noexcept {
  const auto* value = std::get_if<std::int64_t>(&value_);
  return value == nullptr ? std::nullopt : std::optional{*value};
}

std::optional<double> Json::real() const noexcept {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  return std::nullopt;
}

const std::string* Json::text() const noexcept { return std::get_if<std::string>(&value_); }

const Json::Array& Json::items() const noexcept {
  const auto* items = std::get_if<Array>(&value_);
  return items == nullptr ? no_items : *items;
}

const Json::Object& Json::members() const noexcept {
  const auto* members = std::get_if<Object>(&value_);
  return members == nullptr ? no_members : *members;
}

const Json* Json::find(std::string_view key) const noexcept {
  for (const auto& member : members()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  KHIEN_ASSERT(is_object());
  auto& members = std::get<Object>(value_);
  for (auto& member : members) {
    if (member.key != key) continue;
    member.value = std::move(value);
    return *this;
  }
  members.push_back(JsonMember{.key = std::string{key}, .value = std::move(value)});
  return *this;
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array{};
  KHIEN_ASSERT(is_array());
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

std::string_view to_string(JsonType type) noexcept {
  switch (type) {
    case JsonType::null: return "null";
    case JsonType::boolean: return "boolean";
    case JsonType::integer: return "integer";
    case JsonType::real: return "number";
    case JsonType::text: return "text";
    case JsonType::array: return "array";
    case JsonType::object: return "object";
  }
  return "?";
}

}  // namespace khien::codec
