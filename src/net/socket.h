// UDP and TCP sockets that close themselves. All are non-blocking and close-on-exec; waiting is the
// EventLoop's or Stream's work. A socket belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "net/address.h"

namespace khien::net {

constexpr int listen_backlog = 512;  // the kernel's somaxconn may lower it

/// Whether several sockets may bind one port and share its load (SO_REUSEPORT).
enum class PortSharing { exclusive, shared };

struct BindOptions {
  SocketAddress address;
  PortSharing sharing = PortSharing::exclusive;
  /// Octets asked of the kernel; 0 keeps its default. With CAP_NET_ADMIN it is what the socket
  /// gets, otherwise the kernel caps it at net.core.rmem_max: see UdpSocket::receive_buffer_size().
  int receive_buffer_size = 0;
};

/// A bound (and perhaps connected) datagram socket.
class UdpSocket {
 public:
  /// Port 0 takes a free one: read it with local_address(). unavailable if it cannot be bound.
  [[nodiscard]] static Result<UdpSocket> bind(const BindOptions& options);
  /// One that somebody else bound (InheritedSockets).
  [[nodiscard]] static UdpSocket adopt(FileDescriptor fd) noexcept {
    return UdpSocket{std::move(fd)};
  }
  /// A socket whose peer is fixed: the kernel drops datagrams from anybody else.
  [[nodiscard]] static Result<UdpSocket> connect(const SocketAddress& peer);

  /// False if the kernel's buffer is full or the peer refuses; a datagram is never queued by us.
  bool send_to(Bytes datagram, const SocketAddress& peer) noexcept;
  bool send(Bytes datagram) noexcept;

  struct Received {
    std::size_t size = 0;  ///< octets of the datagram; above the buffer's size it was cut
    SocketAddress peer = {};
  };
  /// The next datagram, or nullopt if none waits.
  [[nodiscard]] std::optional<Received> receive(std::span<std::uint8_t> buffer) noexcept;

  /// What the kernel granted, in the octets of BindOptions::receive_buffer_size.
  [[nodiscard]] int receive_buffer_size() const noexcept;
  /// Datagrams that came in and found the buffer full, since the socket was made (the kernel counts
  /// modulo 2^32). Any thread; one system call.
  [[nodiscard]] std::uint32_t receive_drops() const noexcept;

  [[nodiscard]] SocketAddress local_address() const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit UdpSocket(FileDescriptor fd) noexcept : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

/// An accepted or outgoing connection without deadline handling: for event loops.
class TcpSocket {
 public:
  TcpSocket() noexcept = default;
  explicit TcpSocket(FileDescriptor fd) noexcept : fd_(std::move(fd)) {}
  /// Starts to connect; the socket turns writable when it is done, then ask connect_error().
  [[nodiscard]] static Result<TcpSocket> start_connect(const SocketAddress& peer);
  /// 0 once connected, otherwise the errno of the failure. Clears the socket's pending error.
  [[nodiscard]] int connect_error() const noexcept;

  enum class State { moved, would_block, closed };
  struct Moved {
    State state = State::closed;
    std::size_t size = 0;
  };
  /// Reads or writes what is possible now. `closed` covers an orderly end and every error.
  [[nodiscard]] Moved read_some(std::span<std::uint8_t> buffer) noexcept;
  [[nodiscard]] Moved write_some(Bytes data) noexcept;

  [[nodiscard]] SocketAddress local_address() const noexcept;
  [[nodiscard]] SocketAddress peer_address() const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] bool valid() const noexcept { return fd_.valid(); }
  void close() noexcept { fd_.reset(); }

 private:
  FileDescriptor fd_;
};

class TcpListener {
 public:
  /// Port 0 takes a free one: read it with local_address().
  [[nodiscard]] static Result<TcpListener> listen(const BindOptions& options);
  /// One that listens already (InheritedSockets).
  [[nodiscard]] static TcpListener adopt(FileDescriptor fd) noexcept {
    return TcpListener{std::move(fd)};
  }
  /// The next connection, or nullopt if none waits (or it is gone already).
  [[nodiscard]] std::optional<TcpSocket> accept() noexcept;

  [[nodiscard]] SocketAddress local_address() const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit TcpListener(FileDescriptor fd) noexcept : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace khien::net
