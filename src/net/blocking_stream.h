// A TCP connection, plain or under TLS, for a thread that has nothing else to do: every call waits,
// until an end that is set once for the whole exchange, and gives up at once when the thread shall
// stop. Not for servers (EventLoop); starts no thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/service_url.h"
#include "net/stream_socket.h"

namespace khien::net {

constexpr std::size_t host_addresses_max = 4;  // of one name, one after another

/// The addresses of `host`, a name or an address, with `port`. Blocks, for some seconds at most
/// where no name server answers: two tries of a second a server. unavailable.
[[nodiscard]] Result<std::vector<SocketAddress>> host_addresses(const std::string& host,
                                                                std::uint16_t port);

struct BlockingStreamOptions {
  int stop_fd = -1;                 ///< borrowed; readable when everything shall end. -1: none
  int connect_timeout_ms = 10'000;  ///< of a connection and its handshake
  int timeout_ms = 30'000;          ///< of everything, from the moment the stream is made
};

class BlockingStream {
 public:
  explicit BlockingStream(const BlockingStreamOptions& options);

  /// Connects; with `tls` also shakes hands, and the server must prove that it is `name`.
  /// unavailable, timeout; denied "bad_tls" if it proves nothing of the kind.
  [[nodiscard]] Result<void> connect(const SocketAddress& peer, const TlsContext* tls,
                                     const std::string& name);
  /// Writes all of it. Whoever has heard enough answers and closes: that is no error here, what it
  /// says is read. timeout; unavailable "stopping".
  [[nodiscard]] Result<void> write(std::string_view text);
  /// How much was read; 0 at an orderly end, and at any other. timeout; unavailable "stopping".
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);
  /// unavailable with `how`, or denied "bad_tls" if TLS ended the connection.
  [[nodiscard]] tl::unexpected<Error> closed(std::string_view how) const;

 private:
  [[nodiscard]] Result<void> connect_within(const SocketAddress& peer, const TlsContext* tls,
                                            const std::string& name);
  [[nodiscard]] Result<void> wait(Readiness readiness);

  int stop_fd_;
  int connect_timeout_ms_;
  std::int64_t end_ms_;
  StreamSocket socket_;
};

/// A stream to the first address of `url` that takes a connection. Plain HTTP leaves this machine
/// under no circumstances (denied). `tls` must be there for https.
[[nodiscard]] Result<BlockingStream> connect_to(const ServiceUrl& url,
                                                const std::optional<TlsContext>& tls,
                                                const BlockingStreamOptions& options);

}  // namespace khien::net
