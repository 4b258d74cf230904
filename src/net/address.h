// IP addresses, socket addresses and prefixes as values, and their text forms. No sockets here and
// no name resolution: text that is not a literal address is malformed.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::net {

enum class Family : std::uint8_t { v4, v6 };

/// An IPv4 or IPv6 address without zone index. The default is 0.0.0.0.
class IpAddress {
 public:
  IpAddress() noexcept = default;
  [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> octets) noexcept;
  [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& octets) noexcept;
  /// `192.0.2.1` or `2001:db8::1` (RFC 5952 text; no brackets, no zone, no octal or short forms).
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  /// 4 or 16 octets in network order; malformed otherwise.
  [[nodiscard]] static Result<IpAddress> from_octets(Bytes octets);

  [[nodiscard]] Family family() const noexcept { return family_; }
  [[nodiscard]] bool is_v4() const noexcept { return family_ == Family::v4; }
  /// 4 or 16 octets in network order, borrowed from this object.
  [[nodiscard]] Bytes octets() const noexcept { return {octets_.data(), is_v4() ? 4U : 16U}; }
  [[nodiscard]] int bits() const noexcept { return is_v4() ? 32 : 128; }
  /// ::ffff:192.0.2.1 as 192.0.2.1; everything else as it is. Compare clients in this form.
  [[nodiscard]] IpAddress unmapped() const noexcept;
  [[nodiscard]] bool is_loopback() const noexcept;

  auto operator<=>(const IpAddress&) const noexcept = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> octets_{};  // IPv4 in the first four, the rest zero
};

[[nodiscard]] std::string to_string(const IpAddress& ip);

/// An address and a port.
struct SocketAddress {
  IpAddress ip = {};
  std::uint16_t port = 0;

  /// `127.0.0.1:53` or `[2001:db8::1]:53`. The port must be there; 0 is allowed ("any free one").
  [[nodiscard]] static Result<SocketAddress> parse(std::string_view text);
  /// As parse(), and a bare address takes `default_port`.
  [[nodiscard]] static Result<SocketAddress> parse(std::string_view text,
                                                   std::uint16_t default_port);

  auto operator<=>(const SocketAddress&) const noexcept = default;
};

[[nodiscard]] std::string to_string(const SocketAddress& address);

/// The same as a sockaddr, for system calls.
struct NativeAddress {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* get() noexcept;
  [[nodiscard]] const sockaddr* get() const noexcept;
};
[[nodiscard]] NativeAddress to_native(const SocketAddress& address) noexcept;
/// AF_INET and AF_INET6 only; anything else is 0.0.0.0:0.
[[nodiscard]] SocketAddress from_native(const NativeAddress& native) noexcept;

/// The addresses that share their first `length` bits with `base`.
class Prefix {
 public:
  Prefix() noexcept = default;
  /// `192.0.2.0/24`, `2001:db8::/32`, or a bare address (all its bits). Bits set beyond the length
  /// are malformed: they are a mistyped rule more often than a meant one.
  [[nodiscard]] static Result<Prefix> parse(std::string_view text);
  /// The prefix of `length` bits that holds `ip`; lengths outside [0, bits] are clamped.
  [[nodiscard]] static Prefix of(const IpAddress& ip, int length) noexcept;

  [[nodiscard]] const IpAddress& base() const noexcept { return base_; }
  [[nodiscard]] int length() const noexcept { return length_; }
  /// An IPv4-mapped IPv6 address counts as the IPv4 address it carries.
  [[nodiscard]] bool contains(const IpAddress& ip) const noexcept;

  auto operator<=>(const Prefix&) const noexcept = default;

 private:
  IpAddress base_ = {};
  int length_ = 0;
};

[[nodiscard]] std::string to_string(const Prefix& prefix);

/// The whole number in `text`, digits only and at most 65535; malformed otherwise.
[[nodiscard]] Result<std::uint16_t> parse_port(std::string_view text);

}  // namespace khien::net

template <>
struct std::hash<khien::net::IpAddress> {
  std::size_t operator()(const khien::net::IpAddress& ip) const noexcept {
    return std::hash<std::string_view>{}(khien::as_text(ip.octets()));
  }
};
template <>
struct std::hash<khien::net::SocketAddress> {
  std::size_t operator()(const khien::net::SocketAddress& address) const noexcept {
    return std::hash<khien::net::IpAddress>{}(address.ip) * 31 + address.port;
  }
};
