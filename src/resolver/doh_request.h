// One DoH request (RFC 8484): what its header fields say, and what is wrong with it. Pure; HTTP/2
// itself is DohSession's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::resolver {

constexpr std::string_view doh_media_type = "application/dns-message";

/// Whether DNS is served at a path (without its query part).
using DohPaths = std::function<bool(std::string_view path)>;

/// What of a request matters, collected field by field.
class DohRequest {
 public:
  /// A header field or pseudo-header field as it came, in lower case (RFC 9113 section 8.2).
  void field(std::string_view name, std::string_view value);
  /// Octets of a body. False once it is too long: status() is 413 then.
  bool body(Bytes octets);

  struct Reading {
    int status = 200;  ///< of the answer; 200: `message` is a query
    Octets message = {};
  };
  /// Borrowed from this object.
  [[nodiscard]] std::string_view path() const noexcept;
  /// The whole request against the paths that are served. 400, 404, 405, 413, 415.
  [[nodiscard]] Reading read(const DohPaths& paths);
  /// Known before the body comes: 0 if the request is fine so far.
  [[nodiscard]] int early_status(const DohPaths& paths) const;

 private:
  enum class Method { get, post, other };
  [[nodiscard]] std::string_view dns_parameter() const;

  Method method_ = Method::other;
  std::string target_;
  bool is_dns_message_ = false;
  bool too_long_ = false;
  Octets body_;
};

/// Seconds for which HTTP caches may keep the answer: the lowest TTL of its answer and authority
/// records (RFC 8484 section 5.1); 0 if there are none, or if it cannot be read.
[[nodiscard]] std::uint32_t doh_max_age_s(Bytes message) noexcept;

}  // namespace khien::resolver
