// Web addresses in the one form by which rules and requests are compared (RFC 3986 section 6.2):
// the scheme does not count, the host is lower-case A-labels or an IP address, ports 80 and 443 are
// left out, the path has no dot segments, no needless and only upper-case percent signs. Queries
// and fragments do not count: they may hold a victim's token. url.h reads what people report, and
// keeps the query. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace khien::text {

constexpr std::size_t web_target_size_max = 64UL * 1024;  // octets; a longer one is no target

/// What a proxy is asked for, or a rule names.
struct WebTarget {
  std::string host = {};  ///< lower-case A-labels, or an IP address (IPv6 in brackets)
  std::string port = {};  ///< empty for 80, 443 and where none was written
  /// Normalised, begins with '/'. Nothing where only a connection is asked for ("name:443").
  std::optional<std::string> path = {};
  bool has_query = false;  ///< one was written; it is left out
};

/// "https://name:8443/path?query", "name/path", "name:443", "name". With a scheme and no path the
/// path is "/". nullopt for what names no host.
[[nodiscard]] std::optional<WebTarget> read_web_target(std::string_view written);

/// A path (without query) in the one form.
[[nodiscard]] std::string normalise_path(std::string_view path);

}  // namespace khien::text
