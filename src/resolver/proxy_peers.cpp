#include "resolver/proxy_peers.h"

#include <algorithm>

#include "net/proxy_header.h"

namespace khien::resolver {

ProxyPeers::ProxyPeers(const std::vector<net::Prefix>& prefixes) : is_empty_(prefixes.empty()) {
  auto unique = prefixes;
  std::ranges::sort(unique);
  const auto rest = std::ranges::unique(unique);
  unique.erase(rest.begin(), rest.end());
  std::vector<policy::PrefixTable::Entry> entries;
  for (const net::Prefix& prefix : unique) {
    entries.push_back({.prefix = policy::AddressPrefix::of(
                           prefix.base().octets(), static_cast<unsigned>(prefix.length()))});
  }
  // Different prefixes without bits beyond their length: nothing can be wrong with them.
  auto table = policy::PrefixTable::build(entries);
  KHIEN_ASSERT(table.has_value());
  table_ = std::move(*table);
}

ProxyPeers::Read ProxyPeers::read(const DatagramQuery& datagram) const noexcept {
  if (!contain(datagram.source)) return {.query = datagram};
  const auto header = net::parse_proxy_header(datagram.message);
  if (!header) return {.query = {.source = datagram.source}, .reading = Reading::refused};
  DatagramQuery query{.message = datagram.message.subspan(header->size), .source = datagram.source};
  if (header->source) query.source = policy::AddressKey::of(header->source->ip.octets());
  return {.query = query, .reading = Reading::accepted};
}

}  // namespace khien::resolver
