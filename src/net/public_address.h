// The guard against server-side request forgery: may we connect to this address because somebody
// outside named it (a feed's URL, a reported page)? Apply it to the address that is connected to,
// after resolution, never to the name alone: the name may resolve to something else a moment later.
#pragma once

#include "net/address.h"

namespace khien::net {

/// True only for globally reachable unicast addresses: not for anything in the IANA special-purpose
/// registries (RFC 6890 and updates), loopback, private, shared, link-local, unique-local,
/// multicast, documentation, benchmarking or reserved space, nor for an IPv6 form that carries such
/// an IPv4 address (mapped, NAT64, 6to4, Teredo).
[[nodiscard]] bool is_public_address(const IpAddress& ip) noexcept;

}  // namespace khien::net
