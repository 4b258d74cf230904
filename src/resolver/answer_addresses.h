// The addresses that an answer gives its client: A, AAAA, and the hints of SVCB and HTTPS
// (RFC 9460 section 7.3), in the answer section alone. They are read where they stand, by the
// places of the TTLs, so that neither an answer under way nor a cached one keeps a list of them;
// there are at most as many as the message holds. Nothing here allocates.
#pragma once

#include "dns/rdata.h"
#include "dns/wire.h"

namespace khien::resolver {

/// Calls visit(Bytes) with the 4 or 16 octets of each address of `message`, which UpstreamAnswer
/// has accepted; `ttl_at(i)` is where the TTL of its record number i stands, of `record_count`.
template <typename TtlAt, typename Visit>
void for_each_address(khien::Bytes message, std::size_t record_count, TtlAt&& ttl_at,
                      Visit&& visit) {
  constexpr std::size_t type_before_ttl = 4;  // TYPE and CLASS
  constexpr std::size_t rdata_after_ttl = 6;  // TTL and RDLENGTH
  const auto each = [&](khien::Bytes addresses, std::size_t size) {
    for (; addresses.size() >= size; addresses = addresses.subspan(size)) {
      visit(addresses.first(size));
    }
  };
  const std::size_t answer_count = dns::load_u16(message, 6);
  for (std::size_t i = 0; i < answer_count && i < record_count; ++i) {
    const std::size_t at = ttl_at(i);
    const khien::Bytes rdata =
        message.subspan(at + rdata_after_ttl, dns::load_u16(message, at + 4));
    switch (dns::load_u16(message, at - type_before_ttl)) {
      case dns::type_a: each(rdata, 4); break;
      case dns::type_aaaa: each(rdata, 16); break;
      case dns::type_svcb:
      case dns::type_https:
        if (const auto svcb = dns::parse_svcb(rdata)) {
          each(svcb->ipv4_hints, 4);
          each(svcb->ipv6_hints, 16);
        }
        break;
      default: break;
    }
  }
}

}  // namespace khien::resolver
