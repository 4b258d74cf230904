#include "net/public_address.h"

#include <array>

namespace khien::net {
namespace {

struct V4Range {
  std::array<std::uint8_t, 4> base;
  int length;
};

// IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771).
constexpr std::array v4_not_public{
    V4Range{{0, 0, 0, 0}, 8},        // this network (RFC 791)
    V4Range{{10, 0, 0, 0}, 8},       // private (RFC 1918)
    V4Range{{100, 64, 0, 0}, 10},    // shared, carrier NAT (RFC 6598)
    V4Range{{127, 0, 0, 0}, 8},      // loopback (RFC 1122)
    V4Range{{169, 254, 0, 0}, 16},   // link-local, cloud metadata (RFC 3927)
    V4Range{{172, 16, 0, 0}, 12},    // private (RFC 1918)
    V4Range{{192, 0, 0, 0}, 24},     // protocol assignments (RFC 6890)
    V4Range{{192, 0, 2, 0}, 24},     // documentation (RFC 5737)
    V4Range{{192, 31, 196, 0}, 24},  // AS112 (RFC 7535)
    V4Range{{192, 52, 193, 0}, 24},  // AMT (RFC 7450)
    V4Range{{192, 88, 99, 0}, 24},   // 6to4 relays, withdrawn (RFC 7526)
    V4Range{{192, 168, 0, 0}, 16},   // private (RFC 1918)
    V4Range{{192, 175, 48, 0}, 24},  // AS112 (RFC 7534)
    V4Range{{198, 18, 0, 0}, 15},    // benchmarking (RFC 2544)
    V4Range{{198, 51, 100, 0}, 24},  // documentation (RFC 5737)
    V4Range{{203, 0, 113, 0}, 24},   // documentation (RFC 5737)
    V4Range{{224, 0, 0, 0}, 3},      // multicast, reserved and broadcast (RFC 5771, RFC 1112)
};

bool v4_is_public(const IpAddress& ip) noexcept {
  for (const auto& range : v4_not_public) {
    if (Prefix::of(ip, range.length).base() == IpAddress::v4(range.base)) return false;
  }
  return true;
}

IpAddress v4_at(Bytes octets, std::size_t at, std::uint8_t flip) noexcept {
  const auto octet = [&](std::size_t i) {
    return static_cast<std::uint8_t>(octets[at + i] ^ flip);
  };
  return IpAddress::v4({octet(0), octet(1), octet(2), octet(3)});
}

bool starts_with(Bytes octets, std::initializer_list<std::uint8_t> start) noexcept {
  std::size_t i = 0;
  for (const auto octet : start) {
    if (octets[i++] != octet) return false;
  }
  return true;
}

bool v6_is_public(Bytes octets) noexcept {
  // NAT64 reaches an IPv4 address (RFC 6052): judge that one.
  if (starts_with(octets, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return v4_is_public(v4_at(octets, 12, 0));
  }
  // Only 2000::/3 is assigned as global unicast (RFC 4291 section 2.4). That alone refuses ::, ::1,
  // mapped, 64:ff9b:1::/48, 100::/64, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
  if ((octets[0] & 0xe0U) != 0x20U) return false;
  if (starts_with(octets, {0x20, 0x02})) return v4_is_public(v4_at(octets, 2, 0));  // 6to4
  // Teredo hides the client's address inverted in its last four octets (RFC 4380 section 4).
  if (starts_with(octets, {0x20, 0x01, 0x00, 0x00})) return false;
  if (octets[0] == 0x20 && octets[1] == 0x01 && (octets[2] & 0xfeU) == 0) return false;  // /23
  if (starts_with(octets, {0x20, 0x01, 0x0d, 0xb8})) return false;                  // documentation
  if (starts_with(octets, {0x3f, 0xff}) && (octets[2] & 0xf0U) == 0) return false;  // RFC 9637
  if (starts_with(octets, {0x26, 0x20, 0x00, 0x4f, 0x80, 0x00})) return false;      // AS112
  return true;
}

}  // namespace

bool is_public_address(const IpAddress& ip) noexcept {
  // A mapped address on the wire is IPv6 that our kernel turns into IPv4: nobody has reason to name
  // one, so it is refused even where the IPv4 address is public.
  return ip.is_v4() ? v4_is_public(ip) : v6_is_public(ip.octets());
}

}  // namespace khien::net
