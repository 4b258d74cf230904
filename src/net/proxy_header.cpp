#include "net/proxy_header.h"

#include <algorithm>
#include <array>

namespace khien::net {
namespace {

constexpr std::array<std::uint8_t, 12> signature{'\r', '\n', '\r', '\n', 0,   '\r',
                                                 '\n', 'Q',  'U',  'I',  'T', '\n'};
constexpr std::uint8_t version_2 = 0x20;
constexpr std::uint8_t command_local = 0;
constexpr std::uint8_t command_proxy = 1;
constexpr std::uint8_t family_unspecified = 0;
constexpr std::uint8_t family_v4 = 1;
constexpr std::uint8_t family_v6 = 2;
constexpr std::uint8_t transport_datagram = 2;  // the highest one

std::uint16_t load_u16(Bytes octets, std::size_t at) noexcept {
  return static_cast<std::uint16_t>((octets[at] << 8) | octets[at + 1]);
}

/// Source and destination address, then source and destination port.
tl::expected<std::optional<SocketAddress>, ProxyFault> source_of(std::uint8_t family,
                                                                 Bytes body) noexcept {
  const std::size_t size = family == family_v4 ? 4 : 16;
  if (body.size() < 2 * size + 4) return tl::unexpected(ProxyFault::bad_length);
  const auto ip = IpAddress::from_octets(body.first(size));
  if (!ip) return tl::unexpected(ProxyFault::bad_length);  // cannot be: 4 or 16 octets
  return SocketAddress{.ip = ip->unmapped(), .port = load_u16(body, 2 * size)};
}

}  // namespace

tl::expected<std::size_t, ProxyFault> proxy_header_size(Bytes octets) noexcept {
  const std::size_t known = std::min(octets.size(), signature.size());
  if (!std::equal(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(known),
                  octets.begin())) {
    return tl::unexpected(ProxyFault::not_proxy);
  }
  if (octets.size() > signature.size()) {
    const std::uint8_t both = octets[signature.size()];
    if ((both & 0xF0) != version_2 || (both & 0x0F) > command_proxy) {
      return tl::unexpected(ProxyFault::not_proxy);
    }
  }
  if (octets.size() < proxy_head_size) return tl::unexpected(ProxyFault::truncated);
  const std::size_t size = load_u16(octets, proxy_head_size - 2);
  if (size > proxy_body_size_max) return tl::unexpected(ProxyFault::too_long);
  return proxy_head_size + size;
}

tl::expected<ProxyHeader, ProxyFault> parse_proxy_header(Bytes octets) noexcept {
  const auto size = proxy_header_size(octets);
  if (!size) return tl::unexpected(size.error());
  if (octets.size() < *size) return tl::unexpected(ProxyFault::truncated);
  ProxyHeader header{.size = *size};
  if ((octets[signature.size()] & 0x0F) == command_local) return header;
  const std::uint8_t family = octets[signature.size() + 1] >> 4;
  const std::uint8_t transport = octets[signature.size() + 1] & 0x0F;
  if (family > family_v6 || transport > transport_datagram) {
    return tl::unexpected(ProxyFault::bad_family);
  }
  if (family == family_unspecified) return header;
  const auto source = source_of(family, octets.subspan(proxy_head_size, *size - proxy_head_size));
  if (!source) return tl::unexpected(source.error());
  header.source = *source;
  return header;
}

}  // namespace khien::net
