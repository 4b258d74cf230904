// One TCP connection to a primary, for the secondary's thread: requests and answers, each within a
// time, and stopped at once from outside.
#pragma once

#include "base/bytes.h"
#include "net/socket.h"

namespace khien::resolver {

class TransferConnection {
 public:
  /// `stop_fd` becomes readable when everything shall end; borrowed.
  explicit TransferConnection(int stop_fd) noexcept : stop_fd_(stop_fd) {}

  /// Closes what was open. unavailable, timeout.
  Result<void> connect(const net::SocketAddress& primary, int timeout_ms);
  [[nodiscard]] bool is_open() const noexcept { return socket_.valid(); }
  void close() noexcept;

  /// Sends one message with its length in front.
  Result<void> send(Bytes message, int timeout_ms);
  /// The next message; `timeout_ms` counts anew with each octet that comes.
  Result<Octets> receive(int timeout_ms);

 private:
  /// Waits until the socket is ready for `events` (poll(2)).
  Result<void> wait(short events, int timeout_ms);
  int stop_fd_;
  net::TcpSocket socket_;
  Octets in_;
};

}  // namespace khien::resolver
