// One connection to a primary, for one of the secondary's threads: requests and answers, each
// within a time, and stopped at once from outside. TCP, or TLS for zones over TLS (RFC 9103).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "net/stream_socket.h"

namespace khien::resolver {

constexpr int other_connect_ms = 2'000;  // for connecting where there is another address to ask

/// RFC 9103: TLS 1.3, ALPN "dot"; the server proven by its name or by the pins of its key.
struct TransferTls {
  net::TlsContext context;
  net::TlsPeer peer;
};
/// What every primary over TLS needs; `authorities` as in net::TlsClientOptions.
[[nodiscard]] Result<net::TlsContext> transfer_tls_context(
    const std::filesystem::path& authorities);

class TransferConnection {
 public:
  /// `stop_fd` becomes readable when everything shall end; borrowed.
  explicit TransferConnection(int stop_fd) noexcept : stop_fd_(stop_fd) {}

  /// Closes what was open. unavailable, timeout; denied if the server cannot prove who it is.
  Result<void> connect(const net::SocketAddress& primary, const TransferTls* tls, int timeout_ms);
  [[nodiscard]] bool is_open() const noexcept { return socket_.valid(); }
  void close() noexcept;

  /// Sends one message with its length in front.
  Result<void> send(Bytes message, int timeout_ms);
  /// The next message; `timeout_ms` counts anew with each octet that comes.
  Result<Octets> receive(int timeout_ms);

 private:
  /// Waits until the socket is ready for `events` (poll(2)).
  Result<void> wait(short events, int timeout_ms);
  /// Waits for what the last call on the socket needs, which may be the other direction.
  Result<void> wait(net::Readiness readiness, int timeout_ms);
  [[nodiscard]] tl::unexpected<Error> closed() const;
  int stop_fd_;
  net::StreamSocket socket_;
  Octets in_;
};

}  // namespace khien::resolver
