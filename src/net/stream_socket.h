// A TCP connection, plain or under TLS, with the reading and writing of TcpSocket: code that moves
// octets does not care which it is. Non-blocking; belongs to one thread at a time.
//
// Under TLS the first calls of read_some() or write_some() carry the handshake. Two things differ
// from a plain socket: a call may wait for the other direction (see waits_for()), and octets may
// lie decrypted in memory while the descriptor shows nothing to read (see has_pending()).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls_context.h"
#include "net/tls_peer.h"

namespace khien::net {

class StreamSocket {
 public:
  StreamSocket() noexcept;
  /// Without TLS.
  explicit StreamSocket(TcpSocket socket) noexcept;
  /// The server's side of an accepted connection.
  [[nodiscard]] static Result<StreamSocket> server(TcpSocket socket, const TlsContext& context);
  /// The client's side. invalid_argument if `peer` gives neither a name nor a pin, or no host name.
  [[nodiscard]] static Result<StreamSocket> client(TcpSocket socket, const TlsContext& context,
                                                   TlsPeer peer);
  StreamSocket(StreamSocket&&) noexcept;
  StreamSocket& operator=(StreamSocket&&) noexcept;
  ~StreamSocket();

  using State = TcpSocket::State;
  using Moved = TcpSocket::Moved;
  /// Reads or writes what is possible now. `closed` covers an orderly end and every error. A read
  /// under TLS gives at most one record: read again until it would block, or ask has_pending().
  [[nodiscard]] Moved read_some(std::span<std::uint8_t> buffer) noexcept;
  /// After would_block, what is offered next must begin with the octets offered before.
  [[nodiscard]] Moved write_some(Bytes data) noexcept;
  /// The handshake alone: `moved` once it is done. Always done on a plain socket.
  [[nodiscard]] State handshake() noexcept;

  /// After would_block: what the descriptor must become first.
  [[nodiscard]] Readiness waits_for() const noexcept { return waits_for_; }
  /// Whether octets lie here that were received already: read_some() may give some without a
  /// readable descriptor.
  [[nodiscard]] bool has_pending() const noexcept;

  [[nodiscard]] bool is_encrypted() const noexcept { return tls_ != nullptr; }
  [[nodiscard]] bool is_established() const noexcept { return established_; }
  /// The protocol agreed on; empty without ALPN. Borrowed from this object, like server_name().
  [[nodiscard]] std::string_view alpn() const noexcept;
  /// The name that the client asked for (SNI), as it wrote it; empty for none.
  [[nodiscard]] std::string_view server_name() const noexcept;
  [[nodiscard]] bool is_resumed() const noexcept;
  /// SHA-256 of the key (SubjectPublicKeyInfo) that the peer proved to have; after the handshake.
  /// nullopt without TLS, and for a client that showed no certificate.
  [[nodiscard]] std::optional<crypto::Sha256Digest> peer_pin() const;
  /// Why TLS ended the connection; empty if the peer or the network did.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  /// See TcpSocket.
  [[nodiscard]] int connect_error() const noexcept { return socket_.connect_error(); }
  [[nodiscard]] SocketAddress local_address() const noexcept { return socket_.local_address(); }
  [[nodiscard]] SocketAddress peer_address() const noexcept { return socket_.peer_address(); }
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
  [[nodiscard]] bool valid() const noexcept { return socket_.valid(); }
  /// Says goodbye under TLS as far as the kernel has room for it, and closes.
  void close() noexcept;

 private:
  struct Free {
    void operator()(ssl_st* tls) const noexcept;
  };
  [[nodiscard]] State failed(int result) noexcept;

  TcpSocket socket_;
  std::unique_ptr<TlsPeer> peer_;      // of a client; before tls_, which borrows it
  std::unique_ptr<ssl_st, Free> tls_;  // null for plain
  Readiness waits_for_ = {};
  bool established_ = false;
  bool broken_ = false;  // after a fatal error nothing may be sent, not even a goodbye
  std::string failure_;
};

}  // namespace khien::net
