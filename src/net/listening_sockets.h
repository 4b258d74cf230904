// Where a server's sockets come from: one that was passed to us if it fits, otherwise a new one. It
// remembers the new ones, so that they can be given to the service manager to keep.
#pragma once

#include <vector>

#include "net/inherited_sockets.h"

namespace khien::net {

class ListeningSockets {
 public:
  ListeningSockets() = default;
  explicit ListeningSockets(InheritedSockets inherited) : inherited_(std::move(inherited)) {}

  /// As UdpSocket::bind() and TcpListener::listen(). Of an inherited socket only the address is
  /// looked at: buffer and sharing are as whoever bound it chose.
  [[nodiscard]] Result<UdpSocket> udp(const BindOptions& options);
  [[nodiscard]] Result<TcpListener> tcp(const BindOptions& options);

  /// Those that were bound anew and not inherited. Borrowed: the server owns them.
  [[nodiscard]] const std::vector<int>& bound() const noexcept { return bound_; }
  /// The server has closed what it bound, to try again.
  void forget_bound() noexcept { bound_.clear(); }
  /// Of the inherited ones, those that nobody took; closed.
  std::vector<InheritedSockets::Socket> close_rest() { return inherited_.close_rest(); }

 private:
  InheritedSockets inherited_;
  std::vector<int> bound_;
};

}  // namespace khien::net
