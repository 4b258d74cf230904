// The PROXY header: never read beyond its end, and the same from a stream as from a datagram.
#include "net/proxy_header.h"
#include "base/assert.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  const auto header = net::parse_proxy_header(octets);
  const auto told = net::proxy_header_size(octets);
  if (!header) {
    // What is only cut may become one; what a stream would refuse no datagram brings in.
    if (!told) KHIEN_ASSERT(header.error() == told.error());
    return 0;
  }
  KHIEN_ASSERT(told.has_value() && *told == header->size);
  KHIEN_ASSERT(header->size >= net::proxy_head_size && header->size <= size);
  KHIEN_ASSERT(header->size <= net::proxy_header_size_max);
  for (std::size_t shorter = 0; shorter < header->size; ++shorter) {
    const auto cut = net::parse_proxy_header(octets.first(shorter));
    KHIEN_ASSERT(!cut && cut.error() == net::ProxyFault::truncated);
  }
  const auto exact = net::parse_proxy_header(octets.first(header->size));
  KHIEN_ASSERT(exact && exact->source == header->source);
  return 0;
}
