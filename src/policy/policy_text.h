// The small texts of a policy document: prefixes, listeners, hours, days, offsets, dates. Pure
// functions; nullopt for what is not written as docs/formats/policies.md says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "policy/prefix_table.h"

namespace khien::policy {

/// "192.0.2.0/24", "2001:db8::/32", or an address alone. Bits beyond the length: not canonical.
[[nodiscard]] std::optional<AddressPrefix> parse_prefix(std::string_view text);
/// "192.0.2.1:53" or "[2001:db8::1]:53", as to_string(net::SocketAddress) writes it.
[[nodiscard]] std::optional<std::string> parse_listener(std::string_view text);
/// "07:30" in minutes; "24:00" is the end of a day.
[[nodiscard]] std::optional<std::uint16_t> parse_hour(std::string_view text);
/// "mon" … "sun": 0..6.
[[nodiscard]] std::optional<int> parse_day(std::string_view text);
/// "+07:00", "-03:30", "Z", in minutes; at most 14 hours.
[[nodiscard]] std::optional<int> parse_utc_offset(std::string_view text);
/// "2026-12-31": the first instant after that day, in UTC.
[[nodiscard]] std::optional<InstantMs> parse_last_day(std::string_view text);

}  // namespace khien::policy
