// Turns octets into one request after the other: Beast's parser behind our own limits and a
// stricter reading of what smuggling lives on. Internal to http.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "http/message.h"

namespace khien::http {

struct RawHead {
  Method method = Method::get;
  std::string target = {};
  int minor_version = 1;  ///< of HTTP/1.x
  Headers headers = {};
};

class RequestParser {
 public:
  RequestParser(std::size_t header_size_max, std::size_t header_count_max);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  enum class Status { need_more, head_done, done, failed };
  /// Reads from the front of `data`; what it did not use must come again with more behind it.
  /// Returns once when the head is complete, so that limits can be set before the body.
  struct Step {
    Status status = Status::need_more;
    std::size_t used = 0;
  };
  [[nodiscard]] Step feed(Bytes data);

  /// For failed: 400, 413, 431, 501 or 505.
  [[nodiscard]] int error_status() const noexcept;

  /// From here on: when the head is done.
  [[nodiscard]] const RawHead& head() const noexcept;
  [[nodiscard]] RawHead take_head();
  /// nullopt for a chunked body.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  [[nodiscard]] bool keep_alive() const;
  void set_body_size_max(std::uint64_t octets) noexcept;
  /// The body's octets since the last call.
  [[nodiscard]] std::string take_body();
  [[nodiscard]] std::size_t body_waiting() const noexcept;

 private:
  class Beast;
  std::unique_ptr<Beast> beast_;
};

}  // namespace khien::http
