// The address of a server of ours, as an operator writes it down for a program of ours that talks
// to it: https, or plain http to this machine. Not a parser for other people's URLs (text).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::net {

constexpr std::size_t service_url_size_max = 2'048;

struct ServiceUrl {
  bool is_encrypted = true;
  std::string host = {};  ///< a name, or an address without brackets
  std::uint16_t port = 443;
  std::string path = "/";

  /// https://HOST[:PORT]/PATH, or http:// with a loopback address or localhost, so that no secret
  /// crosses a network in the clear. malformed or denied with a sentence; user names, queries and
  /// fragments are malformed.
  [[nodiscard]] static Result<ServiceUrl> parse(std::string_view text);
};

/// "https://khiend.example:8443/api/v1/resolver-reports"
[[nodiscard]] std::string to_string(const ServiceUrl& url);
/// "khiend.example:8443", for the header Host.
[[nodiscard]] std::string host_and_port(const ServiceUrl& url);

}  // namespace khien::net
