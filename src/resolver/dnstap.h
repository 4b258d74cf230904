// dnstap (https://dnstap.info, dnstap.proto) in Frame Streams (farsightsec/fstrm), as much as we
// write, and what is left of a message that goes into it. Pure: messages in, octets out.
//
// What could tell one client from another is not there: address, port, and the message's id,
// options and letter case, by which it could be found in somebody else's records.
#pragma once

#include "resolver/tap_ring.h"

namespace khien::resolver {

/// Appends the message as it may be written; false, with nothing appended, if it is none.
///   id       0
///   question in small letters
///   records  those of a response, as they are; of a query none
///   OPT      payload size, version and flags; of its options only the extended errors of a
///            response. What stands behind OPT (TSIG) is left out.
[[nodiscard]] bool append_tapped_message(TapKind kind, Bytes message, Octets& out);

/// Appends one data frame. `message` as append_tapped_message() makes it; `time_s` is UTC.
void append_tap_frame(const TapRecord& record, std::int64_t time_s, Octets& out);

/// The frames at both ends of a file.
void append_tap_start(Octets& out);
void append_tap_stop(Octets& out);
constexpr std::size_t tap_stop_size = 12;

}  // namespace khien::resolver
