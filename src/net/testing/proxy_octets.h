// For tests: the octets of a PROXY header, version 2.
#pragma once

#include "net/address.h"

namespace khien::net::testing {

enum class ProxyCommand : std::uint8_t { local = 0x20, proxy = 0x21 };

/// With `tlv_size` octets of TLVs behind the addresses. Both addresses are of one family.
inline Octets proxy_octets(const SocketAddress& source, const SocketAddress& destination,
                           ProxyCommand command = ProxyCommand::proxy, std::size_t tlv_size = 0) {
  Octets out{'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
  out.push_back(static_cast<std::uint8_t>(command));
  out.push_back(source.ip.is_v4() ? 0x11 : 0x21);
  const std::size_t size = 2 * source.ip.octets().size() + 4 + tlv_size;
  const auto add_u16 = [&out](std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
  };
  add_u16(size);
  for (const auto* address : {&source, &destination}) {
    const Bytes octets = address->ip.octets();
    out.insert(out.end(), octets.begin(), octets.end());
  }
  add_u16(source.port);
  add_u16(destination.port);
  out.insert(out.end(), tlv_size, 0x04);
  return out;
}

}  // namespace khien::net::testing
