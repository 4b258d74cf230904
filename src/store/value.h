// What goes into and comes out of a statement: NULL, a 64-bit integer, text or octets, and nothing
// else, so that both engines agree. Booleans are 0 and 1, instants are UTC milliseconds, money and
// scores are integers of a named unit: there is no floating point in the database.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"

namespace khien::store {

/// One parameter or one column. Owned, so it may outlive what it was made from.
///
/// Converts from what domain code holds, so that a call reads `tx.execute(sql, {id, name, 3})`.
/// A std::size_t does not convert: cast it on purpose, it may not fit.
class Value {
 public:
  using Storage = std::variant<std::nullptr_t, std::int64_t, std::string, Octets>;

  Value() noexcept : storage_(nullptr) {}
  Value(std::nullptr_t) noexcept : storage_(nullptr) {}
  template <std::integral Number>
    requires(!std::same_as<Number, char> &&
             (sizeof(Number) < sizeof(std::int64_t) || std::is_signed_v<Number>))
  Value(Number number) noexcept : storage_(static_cast<std::int64_t>(number)) {}
  Value(std::string text) noexcept : storage_(std::move(text)) {}
  Value(std::string_view text) : storage_(std::string{text}) {}
  Value(const char* text) : storage_(std::string{text}) {}
  Value(Octets octets) noexcept : storage_(std::move(octets)) {}
  Value(Bytes octets) : storage_(to_octets(octets)) {}
  template <typename T>
  Value(const std::optional<T>& maybe) : Value() {
    if (maybe) storage_ = Value{*maybe}.storage_;
  }
  /// The empty identity, "none", is NULL.
  template <typename Tag>
  Value(const Id<Tag>& id) : Value() {
    if (!id.empty()) storage_ = id.value;
  }

  [[nodiscard]] const Storage& storage() const noexcept { return storage_; }
  [[nodiscard]] bool is_null() const noexcept {
    return std::holds_alternative<std::nullptr_t>(storage_);
  }
  bool operator==(const Value&) const = default;

 private:
  Storage storage_;
};

/// One row of an answer. A column is read as the type that the schema gives it: asking for another
/// one, for a column that is not there, or for a NULL through a reader that cannot say "none" is a
/// bug in the statement and asserts. Column types are fixed by STRICT tables and by PostgreSQL.
class Row {
 public:
  explicit Row(std::vector<Value> columns) noexcept : columns_(std::move(columns)) {}

  [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
  [[nodiscard]] bool is_null(std::size_t index) const;
  [[nodiscard]] std::int64_t integer(std::size_t index) const;
  /// Borrowed from this Row.
  [[nodiscard]] const std::string& text(std::size_t index) const&;
  [[nodiscard]] std::string text(std::size_t index) &&;
  /// Borrowed from this Row.
  [[nodiscard]] const Octets& octets(std::size_t index) const&;
  [[nodiscard]] Octets octets(std::size_t index) &&;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::size_t index) const;
  [[nodiscard]] std::optional<std::string> optional_text(std::size_t index) const;
  [[nodiscard]] std::optional<Octets> optional_octets(std::size_t index) const;
  [[nodiscard]] const Value& value(std::size_t index) const;

 private:
  std::vector<Value> columns_;
};

/// True if `text` is UTF-8 without NUL: what PostgreSQL takes as text. Statements refuse the rest
/// in both engines, so that a row can always move between them.
[[nodiscard]] bool is_storable_text(std::string_view text) noexcept;

}  // namespace khien::store
