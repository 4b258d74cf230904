#include "supervise.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "base/log.h"

namespace khien::dnsd {
namespace {

constexpr std::int64_t sign_of_life_min_ms = 1'000;  // Service::alive() needs that much

sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

/// The next signal, or 0 after `wait_ms`.
int next_signal(std::optional<std::int64_t> wait_ms) {
  const sigset_t signals = awaited_signals();
  if (!wait_ms) {
    int number = 0;
    return sigwait(&signals, &number) == 0 ? number : 0;
  }
  const timespec wait{.tv_sec = *wait_ms / 1'000, .tv_nsec = *wait_ms % 1'000 * 1'000'000};
  const int number = sigtimedwait(&signals, nullptr, &wait);
  return number > 0 ? number : 0;
}

// The manager may be away for a moment: DNS goes on without it.
void tell(const Result<void>& told) {
  if (!told) KHIEN_LOG(warning, "service_manager", {"why", told.error().message});
}

void reload(resolver::Service& service, const net::ServiceManager& manager) {
  tell(manager.notify_reloading());
  const std::size_t refused = service.reload();
  tell(manager.notify(refused == 0
                          ? "READY=1\nSTATUS=serving"
                          : "READY=1\nSTATUS=serving; the last reload was refused in part"));
}

}  // namespace

void take_signals() {
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void hand_over(net::ListeningSockets& sockets, const net::ServiceManager& manager) {
  for (const auto& socket : sockets.close_rest()) {
    KHIEN_LOG(warning, "passed_socket_unused", {"address", to_string(socket.address)},
              {"kind", socket.is_datagram ? "udp" : "tcp"});
    if (!socket.name.empty()) tell(manager.remove_stored(socket.name));
  }
  // Each under a name of its own, so that one can be taken back alone. Our process id makes it
  // differ from those of our predecessors.
  std::size_t number = 0;
  for (const int fd : sockets.bound()) {
    const std::string name = "khien-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
    tell(manager.store(name, std::span{&fd, 1}));
  }
}

void supervise(resolver::Service& service, const net::ServiceManager& manager) {
  auto interval_ms = manager.watchdog_interval_ms();
  if (interval_ms) interval_ms = std::max(*interval_ms, sign_of_life_min_ms);
  tell(manager.notify("READY=1\nSTATUS=serving"));
  while (true) {
    switch (next_signal(interval_ms)) {
      case SIGTERM:
      case SIGINT:
        KHIEN_LOG(info, "stopping");
        tell(manager.notify("STOPPING=1\nSTATUS=stopping"));
        return;
      case SIGHUP: reload(service, manager); break;
      default: break;
    }
    if (!interval_ms) continue;
    if (service.alive()) {
      tell(manager.notify("WATCHDOG=1"));
    } else {
      KHIEN_LOG(error, "threads_stand_still");  // the manager will restart us
    }
  }
}

}  // namespace khien::dnsd
