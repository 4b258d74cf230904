// Who the client is when a proxy stands between: its headers count only if the connection comes
// from a proxy that the operator named, for anybody can write them.
#pragma once

#include <vector>

#include "http/message.h"
#include "net/address.h"

namespace khien::http {

struct Origin {
  net::IpAddress client = {};
  bool secure = false;
};

/// From the connection's `peer` and the request's X-Forwarded-For and X-Forwarded-Proto. The chain
/// is read from its end while its addresses are trusted proxies; the first other one is the client.
/// An unreadable entry ends the reading at the proxy that wrote it.
[[nodiscard]] Origin origin_of(const net::IpAddress& peer, bool secure, const Headers& headers,
                               const std::vector<net::Prefix>& trusted_proxies);

}  // namespace khien::http
