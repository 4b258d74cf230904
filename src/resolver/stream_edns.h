// edns-tcp-keepalive (RFC 7828): an EDNS option that belongs to the connection, not to the answer.
// The engine knows nothing of it; it is read from the query and put into the OPT of the finished
// answer. Nothing here allocates.
#pragma once

#include <span>

#include "base/bytes.h"

namespace khien::resolver {

/// False for a query that cannot be read, or without EDNS.
[[nodiscard]] bool wants_keepalive(Bytes query) noexcept;

/// Tells that an idle connection lives `idle_ms`, in the OPT at the end of the answer of `size`
/// octets in `out`. Returns its new size: the same if it has no OPT there or no room, and where its
/// padding can give the octets.
[[nodiscard]] std::size_t add_keepalive(std::int64_t idle_ms, std::span<std::uint8_t> out,
                                        std::size_t size) noexcept;

}  // namespace khien::resolver
