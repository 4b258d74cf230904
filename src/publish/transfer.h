// A zone as a stream of DNS messages: AXFR (RFC 5936), IXFR (RFC 1995), each message signed where
// the request was. No sockets: messages go to a sink.
#pragma once

#include <functional>

#include "base/clock.h"
#include "publish/query.h"

namespace khien::publish {

/// Below the reach of compression pointers twice over, and few enough signatures.
constexpr std::size_t transfer_message_size = 32'768;
/// IXFR with more record changes is sent as AXFR.
constexpr std::size_t ixfr_changes_max = 200'000;

/// Takes whole messages, each with its length in front as TCP has it (RFC 1035 section 4.2.2);
/// false ends the transfer (the peer is gone).
using FrameSink = std::function<bool(Bytes frames)>;

struct TransferOutcome {
  bool complete = false;
  bool incremental = false;
  std::uint32_t serial = 0;
  std::size_t record_count = 0;
  std::size_t message_count = 0;
};

/// Sends what was ordered. IXFR from a serial that the log does not reach is sent as AXFR.
[[nodiscard]] TransferOutcome send_transfer(ZoneSet& zones, const Clock& clock,
                                            const TransferOrder& order, const FrameSink& sink);

}  // namespace khien::publish
