// Which ports of this network namespace are taken, and by whom, read from /proc: for checks that
// must not bind anything themselves.
#pragma once

#include <optional>
#include <string>

#include "net/address.h"

namespace khien::dnsd {

enum class PortKind { udp, tcp };

/// If a socket is bound so that `wanted` cannot be: the program that holds it, or "" where /proc
/// does not say (it takes root, or the same user). nullopt if it is free. Port 0 always is.
[[nodiscard]] std::optional<std::string> port_holder(PortKind kind,
                                                     const net::SocketAddress& wanted);

/// The lowest port that everybody may bind (net.ipv4.ip_unprivileged_port_start).
[[nodiscard]] std::uint16_t first_free_for_all();

/// Whether this process may bind below it.
[[nodiscard]] bool may_bind_low_ports();

}  // namespace khien::dnsd
