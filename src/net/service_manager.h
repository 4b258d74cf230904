// What we tell the service manager: the datagrams of sd_notify(3) to the socket that NOTIFY_SOCKET
// names. Without a manager everything here does nothing and succeeds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace khien::net {

constexpr std::size_t stored_fds_a_message_max = 64;  // below the kernel's SCM_MAX_FD of 253

class ServiceManager {
 public:
  ServiceManager() = default;
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. invalid_argument if they cannot be read.
  [[nodiscard]] static Result<ServiceManager> from_environment();

  /// Sends "READY=1" and the like, lines parted by \n. unavailable if it does not arrive.
  Result<void> notify(std::string_view state) const;
  /// "RELOADING=1" with the time that the protocol wants beside it; READY=1 ends it.
  Result<void> notify_reloading() const;
  /// Asks the manager to keep duplicates of `fds` for our successor, all under `name`
  /// (FDSTORE=1, at most stored_fds_a_message_max).
  Result<void> store(std::string_view name, std::span<const int> fds) const;
  /// Asks it to close what it keeps under `name`.
  Result<void> remove_stored(std::string_view name) const;

  [[nodiscard]] bool present() const noexcept { return socket_.valid(); }
  /// How often it wants WATCHDOG=1: half of what it waits, in milliseconds.
  [[nodiscard]] std::optional<std::int64_t> watchdog_interval_ms() const noexcept {
    return watchdog_interval_ms_;
  }

 private:
  Result<void> send(std::string_view text, std::span<const int> fds) const;

  FileDescriptor socket_;  // connected to the manager
  std::optional<std::int64_t> watchdog_interval_ms_;
};

}  // namespace khien::net
