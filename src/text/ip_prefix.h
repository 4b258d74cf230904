// Prefixes of addresses as orders and lists name them, in one canonical text: `192.0.2.0/28`,
// `2001:db8::/48` (RFC 4632, RFC 5952), and a whole address without its length. Pure values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/ip.h"

namespace khien::text {

struct IpPrefix {
  IpAddress base = {};  ///< bits behind `length` are zero
  int length = 0;       ///< 0 to bits()
  [[nodiscard]] int bits() const noexcept { return base.is_v6 ? 128 : 32; }
  [[nodiscard]] bool is_address() const noexcept { return length == bits(); }
};

/// An address, or an address and a length of digits without leading zeros. nullopt for anything
/// else, also where bits are set behind the length: they are a mistyped prefix more often than a
/// meant one.
[[nodiscard]] std::optional<IpPrefix> parse_prefix(std::string_view text);

/// The prefix of `length` bits (0 to bits()) that holds `address`.
[[nodiscard]] IpPrefix prefix_of(const IpAddress& address, int length) noexcept;

/// True if they share an address; those of two families never do.
[[nodiscard]] bool overlap(const IpPrefix& a, const IpPrefix& b) noexcept;

/// RFC 5952 text; without a length for one address.
[[nodiscard]] std::string to_string(const IpPrefix& prefix);

}  // namespace khien::text
