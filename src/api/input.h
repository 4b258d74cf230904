// Reads what a request brings: path, query and JSON body. Each getter gives the value or an empty
// one and remembers the first thing that was wrong, so that a handler asks once before it goes on:
//
//   Input in{request, Body::json};
//   const auto id = in.id<CaseId>("case_id");
//   const auto version = in.integer("version");
//   if (!in.ok()) return in.error();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "base/result.h"
#include "cases/page.h"
#include "codec/json.h"
#include "http/message.h"

namespace khien::api {

enum class Body : std::uint8_t { none, json };

class Input {
 public:
  /// `request` is borrowed. A body that is not a JSON object of at most 64 KB is the first error.
  Input(const http::Request& request, Body body);

  [[nodiscard]] bool ok() const noexcept { return !error_; }
  /// Only where !ok().
  [[nodiscard]] tl::unexpected<Error> error() const { return tl::unexpected<Error>{*error_}; }
  /// Remembers `error` unless something was wrong before.
  void refuse(Error error);

  /// A path parameter as an identity: what is none is not_found, because nothing has that id.
  template <typename IdType>
  [[nodiscard]] IdType id(std::string_view name) {
    return id_from<IdType>(std::string{request_->parameter(name)}, ErrorCode::not_found);
  }

  [[nodiscard]] std::string query(std::string_view name) const;
  struct Bounds {
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::int64_t usual = 0;  ///< where nothing is written
  };
  /// invalid_argument "bad_field" for what is no number within the bounds.
  [[nodiscard]] std::int64_t query_number(std::string_view name, const Bounds& bounds);
  /// ?cursor=…&limit=… with reasons "bad_cursor", "bad_limit".
  [[nodiscard]] cases::PageRequest page();

  // Members of the body; malformed with reason "bad_field" where one is missing or of another type.
  [[nodiscard]] std::string text(std::string_view key) { return take(body_.text_at(key)); }
  [[nodiscard]] std::int64_t integer(std::string_view key) { return take(body_.integer_at(key)); }
  [[nodiscard]] bool boolean(std::string_view key) { return take(body_.boolean_at(key)); }
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key) {
    return take(body_.optional_text_at(key));
  }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view key) {
    return take(body_.optional_integer_at(key));
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) {
    return take(body_.texts_at(key));
  }
  [[nodiscard]] codec::Json object(std::string_view key) { return take(body_.object_at(key)); }
  /// A member that names another record.
  template <typename IdType>
  [[nodiscard]] IdType id_at(std::string_view key) {
    return id_from<IdType>(text(key), ErrorCode::invalid_argument);
  }
  template <typename IdType>
  [[nodiscard]] std::optional<IdType> optional_id_at(std::string_view key) {
    const auto written = optional_text(key);
    if (!written) return std::nullopt;
    return id_from<IdType>(*written, ErrorCode::invalid_argument);
  }

  /// `word` as one of a closed set through `parse` (a function to std::optional); else
  /// invalid_argument with `reason`.
  template <typename Parse>
  [[nodiscard]] auto one_of(std::string_view word, Parse parse, std::string_view reason) {
    const auto value = parse(word);
    if (!value) {
      refuse({ErrorCode::invalid_argument, "not one of the known words", std::string{reason}});
    }
    return value ? *value : std::remove_cvref_t<decltype(*value)>{};
  }
  /// The same, where an empty or absent word means nothing.
  template <typename Parse>
  [[nodiscard]] auto optional_one_of(const std::optional<std::string>& word, Parse parse,
                                     std::string_view reason) -> decltype(parse(*word)) {
    if (!word || word->empty()) return std::nullopt;
    return one_of(*word, parse, reason);
  }

  [[nodiscard]] const codec::Json& body() const noexcept { return body_; }

 private:
  template <typename T>
  T take(Result<T> value) {
    if (value) return std::move(*value);
    refuse(std::move(value).error());
    return T{};
  }
  template <typename IdType>
  IdType id_from(const std::string& written, ErrorCode code) {
    auto id = IdType::parse(written);
    if (id) return std::move(*id);
    refuse({code, "no such record", "bad_id"});
    return IdType{};
  }

  const http::Request* request_;
  codec::Json body_ = codec::Json::object();
  std::optional<Error> error_;
};

}  // namespace khien::api
