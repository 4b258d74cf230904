// What reading a JSON document strictly needs: places as JSON pointers (RFC 6901), and the first
// mistake, kept with its place. Readers derive from DocumentReader; their functions return false
// after a mistake.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace khien::policy {

constexpr std::size_t shown_size_max = 64;  // octets of hostile text in a message

/// A place in a document; lives on the stack of whoever reads there, and borrows its parent.
class Where {
 public:
  Where() = default;  // the document
  Where(const Where& parent, std::string_view key) : parent_(&parent), key_(key) {}
  Where(const Where& parent, std::size_t index) : parent_(&parent), index_(index) {}
  [[nodiscard]] std::string text() const;

 private:
  const Where* parent_ = nullptr;
  std::string_view key_ = {};
  std::size_t index_ = 0;
};

/// `text`, or its beginning, in quotation marks.
[[nodiscard]] std::string quoted(std::string_view text);

class DocumentReader {
 protected:
  /// Keeps the first mistake; false.
  bool wrong(const Where& where, std::string why, ErrorCode code = ErrorCode::malformed);
  [[nodiscard]] Error error() const { return error_.value_or(Error{}); }

  /// Whether `json` is an object without other members than `keys`.
  bool only(const Where& where, const codec::Json& json,
            std::initializer_list<std::string_view> keys);
  bool text(const Where& where, const codec::Json& json, std::string_view& out);
  /// take(place, item) for each item until it returns false; an absent array has none.
  template <typename Take>
  bool each(const Where& where, const codec::Json* array, Take&& take) {
    if (array == nullptr) return true;
    if (!array->is_array()) return wrong(where, "expected an array");
    for (std::size_t i = 0; i < array->items().size(); ++i) {
      if (!take(Where{where, i}, array->items()[i])) return false;
    }
    return true;
  }
  /// The same for texts.
  template <typename Take>
  bool each_text(const Where& where, const codec::Json* array, Take&& take) {
    return each(where, array, [&](const Where& at, const codec::Json& item) {
      std::string_view value;
      return text(at, item, value) && take(at, value);
    });
  }

 private:
  std::optional<Error> error_;
};

}  // namespace khien::policy
