// Frames as AF_XDP hands them to us: whatever is read lies inside the frame, and an answer to it is
// a frame that is read back the same way round.
#include <algorithm>

#include "base/assert.h"
#include "net/udp_frame.h"

using namespace khien;

namespace {

bool lies_in(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.size() <= whole.size() &&
         static_cast<std::size_t>(part.data() - whole.data()) <= whole.size() - part.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes frame{data, size};
  const auto query = net::parse_udp_frame(frame);
  if (!query) return 0;
  for (const Bytes part : {query->source_link, query->destination_link, query->source,
                           query->destination, query->payload}) {
    KHIEN_ASSERT(lies_in(part, frame));
  }
  const std::size_t head_size = net::udp_frame_head_size(query->family);
  KHIEN_ASSERT(head_size + query->payload.size() <= size);
  KHIEN_ASSERT(query->source_port != 0);

  Octets answer(head_size + query->payload.size());
  std::ranges::copy(query->payload, answer.begin() + static_cast<std::ptrdiff_t>(head_size));
  KHIEN_ASSERT(net::write_udp_frame({.source_link = query->destination_link,
                                     .destination_link = query->source_link,
                                     .source = query->destination,
                                     .destination = query->source,
                                     .source_port = query->destination_port,
                                     .destination_port = query->source_port},
                                    answer, query->payload.size()) == answer.size());
  const auto read = net::parse_udp_frame(answer);
  // Our own address may be one that no client may have (multicast and the like).
  if (!read) {
    KHIEN_ASSERT(read.error() == net::FrameFault::bad_source);
    return 0;
  }
  KHIEN_ASSERT(std::ranges::equal(read->source, query->destination));
  KHIEN_ASSERT(std::ranges::equal(read->destination, query->source));
  KHIEN_ASSERT(read->source_port == query->destination_port);
  KHIEN_ASSERT(read->destination_port == query->source_port);
  KHIEN_ASSERT(std::ranges::equal(read->payload, query->payload));
  return 0;
}
