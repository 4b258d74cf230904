// DNS messages over TCP and TLS (RFC 1035 section 4.2.2): each with its length in front. Internal
// to the primary and its transfers.
#pragma once

#include "base/bytes.h"
#include "dns/wire.h"

namespace khien::publish {

constexpr std::size_t length_size = 2;

inline void append_frame(Octets& out, Bytes message) {
  dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
}

[[nodiscard]] inline Octets framed(Bytes message) {
  Octets out;
  out.reserve(length_size + message.size());
  append_frame(out, message);
  return out;
}

}  // namespace khien::publish
