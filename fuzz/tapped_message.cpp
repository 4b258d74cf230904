// What dnstap makes of any packet: a message that can be read, without id, and without an EDNS
// option but the extended errors of a response; doing it again changes nothing.
#include "base/assert.h"
#include "dns/edns.h"
#include "resolver/dnstap.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using resolver::TapKind;
  const Bytes packet{data, size};
  for (const TapKind kind : {TapKind::client_query, TapKind::forwarder_response}) {
    Octets out;
    if (!resolver::append_tapped_message(kind, packet, out)) {
      KHIEN_ASSERT(out.empty());
      continue;
    }
    KHIEN_ASSERT(out.size() <= packet.size() && dns::load_u16(out, 0) == 0);
    const auto edns = dns::find_edns(out);
    KHIEN_ASSERT(edns.has_value());
    if (*edns) {
      for (Bytes rest = (*edns)->options; !rest.empty();) {
        KHIEN_ASSERT(kind == TapKind::forwarder_response &&
                     dns::load_u16(rest, 0) == dns::option_extended_error);
        rest = rest.subspan(4 + std::size_t{dns::load_u16(rest, 2)});
      }
    }
    Octets again;
    KHIEN_ASSERT(resolver::append_tapped_message(kind, out, again) && again == out);
  }
  return 0;
}
