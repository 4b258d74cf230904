#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace khien::net {
namespace {

constexpr std::size_t address_text_size_max = INET6_ADDRSTRLEN;  // 46 with the final zero

/// `octets` with every bit after the first `length` cleared.
void clear_after(std::span<std::uint8_t> octets, int length) noexcept {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int kept = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    octets[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) noexcept {
  IpAddress ip;
  std::ranges::copy(octets, ip.octets_.begin());
  return ip;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) noexcept {
  IpAddress ip;
  ip.family_ = Family::v6;
  ip.octets_ = octets;
  return ip;
}

Result<IpAddress> IpAddress::from_octets(Bytes octets) {
  IpAddress ip;
  if (octets.size() == 16) {
    ip.family_ = Family::v6;
  } else if (octets.size() != 4) {
    return fail(ErrorCode::malformed, "an address has 4 or 16 octets", "bad_address");
  }
  std::ranges::copy(octets, ip.octets_.begin());
  return ip;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton wants a final zero and stops at one, so a zero inside must not hide what follows it.
  std::array<char, address_text_size_max> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::malformed, "not an IP address", "bad_address");
  }
  std::ranges::copy(text, copy.begin());
  IpAddress ip;
  if (::inet_pton(AF_INET, copy.data(), ip.octets_.data()) == 1) return ip;
  ip.family_ = Family::v6;
  if (::inet_pton(AF_INET6, copy.data(), ip.octets_.data()) == 1) return ip;
  return fail(ErrorCode::malformed, "not an IP address", "bad_address");
}

IpAddress IpAddress::unmapped() const noexcept {
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (is_v4() || !std::equal(mapped.begin(), mapped.end(), octets_.begin())) return *this;
  return v4({octets_[12], octets_[13], octets_[14], octets_[15]});
}

bool IpAddress::is_loopback() const noexcept {
  const IpAddress plain = unmapped();
  if (plain.is_v4()) return plain.octets_[0] == 127;
  static constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return plain.octets_ == one;
}

std::string to_string(const IpAddress& ip) {
  std::array<char, address_text_size_max> text{};
  ::inet_ntop(ip.is_v4() ? AF_INET : AF_INET6, ip.octets().data(), text.data(), text.size());
  return text.data();
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::malformed, "a port is a number from 0 to 65535", "bad_port");
  }
  return port;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::malformed, "expected ADDRESS:PORT", "bad_address");
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto ip = IpAddress::parse(host);
  if (!ip) return propagate(std::move(ip).error(), "read socket address");
  // Without brackets the last group of an IPv6 address would be taken for the port.
  if (ip->is_v4() == bracketed) {
    return fail(ErrorCode::malformed, "write IPv6 with a port as [ADDRESS]:PORT", "bad_address");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return propagate(port.error(), "read socket address");
  return SocketAddress{.ip = *ip, .port = *port};
}

Result<SocketAddress> SocketAddress::parse(std::string_view text, std::uint16_t default_port) {
  if (const auto ip = IpAddress::parse(text)) return SocketAddress{.ip = *ip, .port = default_port};
  return parse(text);
}

std::string to_string(const SocketAddress& address) {
  const auto ip = to_string(address.ip);
  const auto port = std::to_string(address.port);
  return address.ip.is_v4() ? ip + ":" + port : "[" + ip + "]:" + port;
}

// Casting between the sockaddr types is how the socket interface is meant to be used.
sockaddr* NativeAddress::get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
const sockaddr* NativeAddress::get() const noexcept {
  return reinterpret_cast<const sockaddr*>(&storage);
}

NativeAddress to_native(const SocketAddress& address) noexcept {
  NativeAddress native;
  const auto octets = address.ip.octets();
  if (address.ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, octets.data(), octets.size());
    std::memcpy(&native.storage, &in, sizeof in);
    native.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, octets.data(), octets.size());
    std::memcpy(&native.storage, &in, sizeof in);
    native.size = sizeof in;
  }
  return native;
}

SocketAddress from_native(const NativeAddress& native) noexcept {
  if (native.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &native.storage, sizeof in);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return {.ip = IpAddress::v4(octets), .port = ntohs(in.sin_port)};
  }
  if (native.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &native.storage, sizeof in);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &in.sin6_addr, octets.size());
    return {.ip = IpAddress::v6(octets), .port = ntohs(in.sin6_port)};
  }
  return {};
}

Prefix Prefix::of(const IpAddress& ip, int length) noexcept {
  Prefix prefix;
  prefix.length_ = std::clamp(length, 0, ip.bits());
  if (ip.is_v4()) {
    std::array<std::uint8_t, 4> octets{};
    std::ranges::copy(ip.octets(), octets.begin());
    clear_after(octets, prefix.length_);
    prefix.base_ = IpAddress::v4(octets);
  } else {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(ip.octets(), octets.begin());
    clear_after(octets, prefix.length_);
    prefix.base_ = IpAddress::v6(octets);
  }
  return prefix;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return propagate(ip.error(), "read prefix");
  if (slash == std::string_view::npos) return of(*ip, ip->bits());
  const auto length = parse_port(text.substr(slash + 1));
  if (!length || *length > ip->bits()) {
    return fail(ErrorCode::malformed, "the prefix length is too large", "bad_prefix");
  }
  const Prefix prefix = of(*ip, *length);
  if (prefix.base() != *ip) {
    return fail(ErrorCode::malformed, "bits are set beyond the prefix length", "bad_prefix");
  }
  return prefix;
}

bool Prefix::contains(const IpAddress& ip) const noexcept {
  const IpAddress plain = base_.is_v4() ? ip.unmapped() : ip;
  return plain.family() == base_.family() && of(plain, length_).base_ == base_;
}

std::string to_string(const Prefix& prefix) {
  return to_string(prefix.base()) + "/" + std::to_string(prefix.length());
}

}  // namespace khien::net
