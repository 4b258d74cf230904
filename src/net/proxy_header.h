// The header of the PROXY protocol, version 2 (binary), by which a load balancer says whom it
// speaks for. It stands before everything else: before TLS in a stream, in front of the message in
// a datagram. Read from whoever is trusted to say it, and from nobody else.
//
//   \r\n\r\n\0\r\nQUIT\n | version 2, command | family, transport | length (2) | addresses | TLVs
//
// Version 1 (text) is not read. Nothing here allocates.
#pragma once

#include <optional>
#include <tl/expected.hpp>

#include "net/address.h"

namespace khien::net {

constexpr std::size_t proxy_head_size = 16;       // up to and with the length
constexpr std::size_t proxy_body_size_max = 512;  // addresses and TLVs; a longer one is refused
constexpr std::size_t proxy_header_size_max = proxy_head_size + proxy_body_size_max;

enum class ProxyFault {
  truncated,   ///< so far it is one; more octets must come
  not_proxy,   ///< another signature, version or command
  too_long,    ///< above proxy_body_size_max
  bad_family,  ///< neither IPv4, IPv6 nor "unspecified"
  bad_length,  ///< shorter than the addresses of its family
};

struct ProxyHeader {
  std::size_t size = 0;  ///< octets of the whole header, TLVs included (they are not read)
  /// Whom the sender speaks for; nullopt where it speaks for itself (command LOCAL, for example a
  /// health check, or an unspecified family): the peer of the socket counts then.
  std::optional<SocketAddress> source = {};
};

/// The header at the front of `octets`.
[[nodiscard]] tl::expected<ProxyHeader, ProxyFault> parse_proxy_header(Bytes octets) noexcept;

/// The size of the whole header by its first proxy_head_size octets, for who reads from a stream
/// and must not read beyond.
[[nodiscard]] tl::expected<std::size_t, ProxyFault> proxy_header_size(Bytes octets) noexcept;

}  // namespace khien::net
