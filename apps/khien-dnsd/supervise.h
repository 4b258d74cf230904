// What the first thread does while the others serve: signals, and the service manager's questions.
#pragma once

#include "net/listening_sockets.h"
#include "net/service_manager.h"
#include "resolver/service.h"

namespace khien::dnsd {

/// Blocks the signals that supervise() waits for. Before the first thread starts, so that all of
/// them inherit it and only supervise() sees the signals.
void take_signals();

/// Closes what was passed to us and nobody took, and gives what was bound anew to the manager to
/// keep for our successor.
void hand_over(net::ListeningSockets& sockets, const net::ServiceManager& manager);

/// Says that the service is ready, reloads it on SIGHUP, and returns on SIGTERM or SIGINT, when it
/// has said that the service stops. The caller stops it.
void supervise(resolver::Service& service, const net::ServiceManager& manager);

}  // namespace khien::dnsd
