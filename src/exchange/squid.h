// What Squid and an external ACL helper say to each other, line by line (Squid wiki, "Add-on
// Helpers", section on access control helpers; squid.conf(5) external_acl_type). Pure functions.
//
//   Squid:  [CHANNEL ]TARGET[ …]        TARGET is %DST or %URI, percent-encoded once
//   helper: [CHANNEL ]OK message="…" log=LIST     listed
//           [CHANNEL ]ERR                         not listed
//           [CHANNEL ]BH message="…"              the helper does not know
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace khien::exchange {

constexpr std::size_t squid_line_max = 256UL * 1024;  // octets; Squid's own buffer is 8 to 64 KB

struct SquidQuestion {
  std::string channel;  ///< empty without concurrency
  std::string target;   ///< decoded
};
/// `line` without its end. nullopt for an empty one. A first word of digits alone is the channel if
/// another word follows.
[[nodiscard]] std::optional<SquidQuestion> read_squid_question(std::string_view line);

enum class SquidResult : unsigned char { ok, err, broken };

struct SquidAnswer {
  std::string channel = {};
  SquidResult result = SquidResult::broken;
  std::string message = {};  ///< for people; left out if empty
  std::string log = {};      ///< one word for the access log; left out if empty
};
/// The line with its end. Control characters of the message become spaces.
[[nodiscard]] std::string to_line(const SquidAnswer& answer);

}  // namespace khien::exchange
