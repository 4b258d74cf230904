// Sockets that somebody else bound for us: a service manager that keeps them over our restarts, so
// that what arrives meanwhile waits in them instead of being lost. The protocol is that of
// sd_listen_fds(3): descriptors from 3 on, LISTEN_FDS of them, meant for the process LISTEN_PID.
// What a socket is for is found from its type and address, never from its place in the row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/socket.h"

namespace khien::net {

constexpr int inherited_fd_first = 3;
constexpr std::size_t inherited_fds_max = 1'024;  // more is an error

class InheritedSockets {
 public:
  InheritedSockets() = default;
  /// Takes what the environment says was passed to this process, and clears the variables. None is
  /// no error. invalid_argument if the variables cannot be read; a descriptor that is no bound
  /// internet socket is closed and counted.
  [[nodiscard]] static Result<InheritedSockets> take();
  /// The same of `count` descriptors from `first` on.
  [[nodiscard]] static InheritedSockets take(int first, std::size_t count,
                                             const std::vector<std::string>& names);

  /// The next datagram socket (or listening stream socket) that is bound to `address`, if any is
  /// left. Non-blocking and close-on-exec. Port 0 matches nothing.
  [[nodiscard]] std::optional<FileDescriptor> udp(const SocketAddress& address);
  [[nodiscard]] std::optional<FileDescriptor> tcp(const SocketAddress& address);

  struct Socket {
    FileDescriptor fd;
    bool is_datagram = false;
    SocketAddress address = {};
    std::string name = {};  ///< as the manager calls it
  };
  /// Closes and returns what nobody took (their descriptors are invalid then): a datagram socket
  /// that nobody reads would swallow its share of the port's queries.
  std::vector<Socket> close_rest();
  [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }
  [[nodiscard]] std::size_t refused() const noexcept { return refused_; }

 private:
  std::optional<FileDescriptor> next(bool is_datagram, const SocketAddress& address);

  std::vector<Socket> sockets_;
  std::size_t refused_ = 0;
};

}  // namespace khien::net
