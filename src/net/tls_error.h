// What OpenSSL has to say about a failure, as text for an operator. Internal to net.
#pragma once

#include <string>

namespace khien::net {

/// The reason on top of this thread's error queue, or "unknown reason"; empties the queue.
[[nodiscard]] std::string take_tls_error();

}  // namespace khien::net
