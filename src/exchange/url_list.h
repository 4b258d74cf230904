// Lists of web addresses for proxies, which see more than names (docs/formats/signed-lists.md):
// read, normalised, and looked up by the longest rule that covers an address. Rule and address are
// brought into one form first (RFC 3986 section 6.2): the scheme does not count, the host is
// lower-case A-labels, ports 80 and 443 are left out, the path has no dot segments, no needless and
// only upper-case percent signs. Queries and fragments do not count: they may hold a victim's
// token. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"

namespace khien::exchange {

constexpr std::size_t url_rules_max = 1'000'000;
constexpr std::size_t url_rule_size_max = 2'048;            // octets of a rule, normalised
constexpr std::size_t proxy_target_size_max = 64UL * 1024;  // octets; a longer one is no target

/// What a proxy is asked for.
struct ProxyTarget {
  std::string host = {};  ///< lower-case A-labels, or an IP address (IPv6 in brackets)
  std::string port = {};  ///< empty for 80, 443 and where none was written
  /// Normalised, begins with '/'. Nothing where only a connection is asked for ("name:443").
  std::optional<std::string> path = {};
};

/// "https://name:8443/path?query", "name/path", "name:443", "name". With a scheme and no path the
/// path is "/". nullopt for what names no host.
[[nodiscard]] std::optional<ProxyTarget> read_proxy_target(std::string_view written);

/// A path (without query) in the one form.
[[nodiscard]] std::string normalise_path(std::string_view path);

class UrlRules {
 public:
  /// One address a line; "#" begins a comment line. Refused whole, with the line's number:
  /// malformed
  /// ("bad_url_rule") for what is no address or has a query, limit_exceeded past the limits above.
  [[nodiscard]] static Result<UrlRules> parse(std::string_view text,
                                              std::size_t rules_max = url_rules_max);

  /// The longest rule that covers `target`: the same host and port, and its path or one above it,
  /// by whole segments: "/a" covers "/a", "/a/" and "/a/b" but not "/ab". Where a proxy sees no
  /// path, only a rule for "/" covers. Borrowed. Hashes each path above the address once.
  [[nodiscard]] std::optional<std::string_view> covering(const ProxyTarget& target) const;
  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }

 private:
  std::unordered_set<std::string> rules_;  // "host[:port]/path"
  std::size_t longest_ = 0;
};

}  // namespace khien::exchange
