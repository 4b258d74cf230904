// IP addresses as people and software write them, in one canonical text (RFC 5952 for IPv6).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace khien::text {

struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> octets{};  // network order; the first 4 for IPv4
};

/// Strict forms: dotted quad, or RFC 4291 text without brackets or zone.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);

/// Also what browsers take for IPv4, and phishing hides behind: fewer parts, octal, hexadecimal
/// ("0x7f.1", "3221225985"; WHATWG URL, section 3.5 "IPv4 parser", which reads "0x" as 0).
[[nodiscard]] std::optional<IpAddress> parse_ipv4_loose(std::string_view text);

[[nodiscard]] std::string to_string(const IpAddress& address);

}  // namespace khien::text
