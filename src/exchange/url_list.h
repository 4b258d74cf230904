// Lists of web addresses for proxies, which see more than names (docs/formats/signed-lists.md):
// read, and looked up by the longest rule that covers an address. Rule and address are brought into
// one form first (text/web_target.h). Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "text/web_target.h"

namespace khien::exchange {

constexpr std::size_t url_rules_max = 1'000'000;
constexpr std::size_t url_rule_size_max = 2'048;  // octets of a rule, normalised

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
  [[nodiscard]] std::optional<std::string_view> covering(const text::WebTarget& target) const;
  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }

 private:
  std::unordered_set<std::string> rules_;  // "host[:port]/path"
  std::size_t longest_ = 0;
};

}  // namespace khien::exchange
