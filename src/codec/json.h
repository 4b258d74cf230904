// A JSON value (RFC 8259) that we own: what comes from outside is parsed into it with limits, what
// we send is built from it. It is I-JSON (RFC 7493) where that matters: no duplicate keys, valid
// UTF-8, integers that fit 64 bits kept exact. The library behind the parser is seen by
// json_parse.cpp alone. Values copy deeply and belong to one thread at a time.
//
//   auto body = Json::parse(text, {.size_max = 64 * 1024});        // malformed, limit_exceeded
//   auto name = body->text_at("name");                             // Result<std::string>
//   const auto out = Json::object({{"id", 17}, {"ok", true}}).dump();
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

constexpr std::size_t json_depth_max = 64;  // arrays and objects inside one another

struct JsonLimits {
  std::size_t size_max;  ///< octets of text; no default, because every caller knows its own
  std::size_t depth_max = json_depth_max;  ///< at most json_depth_max
};

enum class JsonType { null, boolean, integer, real, text, array, object };

struct JsonMember;

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;  // in the order of arrival or of set()

  Json() noexcept;                       // null
  Json(std::nullptr_t) noexcept;         // NOLINT(google-explicit-constructor): values read as JSON
  template <std::same_as<bool> Boolean>  // exactly bool, so that no pointer becomes true
  Json(Boolean value) noexcept : value_(value) {}  // NOLINT
  Json(double value) noexcept;                     // NOLINT; NaN and infinities are written as null
  Json(std::string value);                         // NOLINT
  Json(std::string_view value);                    // NOLINT
  Json(const char* value);                         // NOLINT
  Json(Array values);                              // NOLINT
  /// Any integer type that fits 64 signed bits; for std::uint64_t convert knowingly.
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> &&
             (sizeof(Integer) < sizeof(std::int64_t) || std::signed_integral<Integer>))
  Json(Integer value) noexcept : Json(FromInteger{}, value) {}  // NOLINT
  /// null for an empty optional.
  template <typename T>
  Json(const std::optional<T>& value) : Json() {  // NOLINT
    if (value) *this = Json{*value};
  }
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  /// `Json::object({{"id", 17}, {"tags", Json::array({"a", "b"})}})`. Keys must differ.
  [[nodiscard]] static Json object(std::initializer_list<JsonMember> members = {});
  [[nodiscard]] static Json array(std::initializer_list<Json> items = {});
  /// An object of `members`, whose keys the caller knows to differ. Linear.
  [[nodiscard]] static Json from_members(Object members);

  /// Parses one JSON text, the whole of `text`. malformed with the place ("line 3, column 7", or a
  /// JSON pointer) for bad syntax, invalid UTF-8, a byte order mark, a duplicate key or an integer
  /// beyond 64 bits; limit_exceeded for size or depth. Never throws. Linear in the size of the
  /// text.
  [[nodiscard]] static Result<Json> parse(std::string_view text, JsonLimits limits);
  [[nodiscard]] static Result<Json> parse(Bytes text, JsonLimits limits) {
    return parse(as_text(text), limits);
  }

  [[nodiscard]] JsonType type() const noexcept;
  [[nodiscard]] bool is_null() const noexcept { return type() == JsonType::null; }
  [[nodiscard]] bool is_object() const noexcept { return type() == JsonType::object; }
  [[nodiscard]] bool is_array() const noexcept { return type() == JsonType::array; }

  // The value, or nothing where the type is another. integer() takes no 1.0; real() takes 1.
  [[nodiscard]] std::optional<bool> boolean() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
  [[nodiscard]] std::optional<double> real() const noexcept;
  [[nodiscard]] const std::string* text() const noexcept;

  /// The items of an array; empty for everything else. Borrowed.
  [[nodiscard]] const Array& items() const noexcept;
  /// The members of an object in order; empty for everything else. Borrowed.
  [[nodiscard]] const Object& members() const noexcept;
  /// The member `key`, or nullptr. Borrowed. Linear in the number of members.
  [[nodiscard]] const Json* find(std::string_view key) const noexcept;

  // Reading a request: a member that is absent or of another type is malformed with reason
  // "bad_field" and the key in the message. The optional_ forms take an absent member and null as
  // nothing, but still refuse another type. Calling them on something that is no object is
  // malformed.
  [[nodiscard]] Result<std::string> text_at(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> integer_at(std::string_view key) const;
  [[nodiscard]] Result<bool> boolean_at(std::string_view key) const;
  [[nodiscard]] Result<double> real_at(std::string_view key) const;
  [[nodiscard]] Result<Array> array_at(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> texts_at(std::string_view key) const;
  [[nodiscard]] Result<Json> object_at(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::string>> optional_text_at(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> optional_integer_at(std::string_view key) const;
  [[nodiscard]] Result<std::optional<bool>> optional_boolean_at(std::string_view key) const;
  /// malformed with reason "unknown_field" if the object has a member outside `keys`.
  [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> keys) const;

  /// Sets or replaces a member; this must be an object, or null, which becomes one.
  Json& set(std::string_view key, Json value);
  /// Appends an item; this must be an array, or null, which becomes one.
  Json& push(Json value);

  /// Compact text, members in their order; a real is written as one ("2.0"). Text that is not UTF-8
  /// is written with U+FFFD.
  [[nodiscard]] std::string dump() const;
  /// The one text of this value by RFC 8785, for hashing and signing. invalid_argument where there
  /// is none: an integer beyond ±(2^53-1) (send such as text), NaN, an infinity, text that is not
  /// UTF-8.
  [[nodiscard]] Result<std::string> canonical() const;

  friend bool operator==(const Json& a, const Json& b);

 private:
  struct FromInteger {};
  Json(FromInteger, std::int64_t value) noexcept;
  explicit Json(Object members);
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value_;
};

struct JsonMember {
  std::string key;
  Json value;
  friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

/// "object", "text", …: for messages.
[[nodiscard]] std::string_view to_string(JsonType type) noexcept;

}  // namespace khien::codec
