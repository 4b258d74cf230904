#include "net/socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace khien::net {
namespace {

tl::unexpected<Error> socket_error(std::string_view doing, const SocketAddress& address) {
  const int error = errno;
  const auto code = error == EACCES ? ErrorCode::denied : ErrorCode::unavailable;
  return fail(code, std::string{doing} + " " + to_string(address) + ": " + std::strerror(error));
}

FileDescriptor make_socket(const SocketAddress& address, int type) noexcept {
  return FileDescriptor{
      ::socket(address.ip.is_v4() ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

bool set_option(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Result<FileDescriptor> bound_socket(const BindOptions& options, int type) {
  auto fd = make_socket(options.address, type);
  if (!fd.valid()) return socket_error("open a socket for", options.address);
  bool ready = type != SOCK_STREAM || set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.sharing == PortSharing::shared) {
    ready = ready && set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (!options.address.ip.is_v4()) {
    // [::] then means IPv6 only, so that it can stand beside 0.0.0.0 and no client is a mapped one.
    ready = ready && set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (options.receive_buffer_size > 0) {
    // Best effort: the second is capped at net.core.rmem_max, the first takes CAP_NET_ADMIN.
    if (!set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_size)) {
      set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, options.receive_buffer_size);
    }
  }
  const auto native = to_native(options.address);
  if (!ready || ::bind(fd.get(), native.get(), native.size) != 0) {
    return socket_error("bind", options.address);
  }
  return fd;
}

SocketAddress name_of(int fd) noexcept {
  NativeAddress native;
  if (::getsockname(fd, native.get(), &native.size) != 0) return {};
  return from_native(native);
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const BindOptions& options) {
  auto fd = bound_socket(options, SOCK_DGRAM);
  if (!fd) return tl::unexpected(std::move(fd).error());
  return UdpSocket{std::move(*fd)};
}

Result<UdpSocket> UdpSocket::connect(const SocketAddress& peer) {
  auto fd = make_socket(peer, SOCK_DGRAM);
  const auto native = to_native(peer);
  if (!fd.valid() || ::connect(fd.get(), native.get(), native.size) != 0) {
    return socket_error("connect to", peer);
  }
  return UdpSocket{std::move(fd)};
}

bool UdpSocket::send_to(Bytes datagram, const SocketAddress& peer) noexcept {
  const auto native = to_native(peer);
  const auto sent = ::sendto(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                             native.get(), native.size);
  return sent >= 0 && static_cast<std::size_t>(sent) == datagram.size();
}

bool UdpSocket::send(Bytes datagram) noexcept {
  const auto sent = ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  return sent >= 0 && static_cast<std::size_t>(sent) == datagram.size();
}

std::optional<UdpSocket::Received> UdpSocket::receive(std::span<std::uint8_t> buffer) noexcept {
  NativeAddress native;
  // MSG_TRUNC makes the kernel tell the datagram's real size, so that a cut one is seen.
  const auto got =
      ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_TRUNC, native.get(), &native.size);
  if (got < 0) return std::nullopt;
  return Received{.size = static_cast<std::size_t>(got), .peer = from_native(native)};
}

int UdpSocket::receive_buffer_size() const noexcept {
  int size = 0;
  socklen_t length = sizeof size;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, &length) != 0) return 0;
  return size / 2;  // the kernel doubles what it is asked for, for its own records (socket(7))
}

std::uint32_t UdpSocket::receive_drops() const noexcept {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

SocketAddress UdpSocket::local_address() const noexcept { return name_of(fd_.get()); }

Result<TcpSocket> TcpSocket::start_connect(const SocketAddress& peer) {
  auto fd = make_socket(peer, SOCK_STREAM);
  if (!fd.valid()) return socket_error("open a socket for", peer);
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  const auto native = to_native(peer);
  if (::connect(fd.get(), native.get(), native.size) != 0 && errno != EINPROGRESS) {
    return socket_error("connect to", peer);
  }
  return TcpSocket{std::move(fd)};
}

int TcpSocket::connect_error() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

TcpSocket::Moved TcpSocket::read_some(std::span<std::uint8_t> buffer) noexcept {
  ssize_t got = 0;
  do {
    got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {.state = State::moved, .size = static_cast<std::size_t>(got)};
  const bool waiting = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return {.state = waiting ? State::would_block : State::closed};
}

TcpSocket::Moved TcpSocket::write_some(Bytes data) noexcept {
  ssize_t put = 0;
  do {
    put = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  } while (put < 0 && errno == EINTR);
  if (put >= 0) return {.state = State::moved, .size = static_cast<std::size_t>(put)};
  const bool waiting = errno == EAGAIN || errno == EWOULDBLOCK;
  return {.state = waiting ? State::would_block : State::closed};
}

SocketAddress TcpSocket::local_address() const noexcept { return name_of(fd_.get()); }

SocketAddress TcpSocket::peer_address() const noexcept {
  NativeAddress native;
  if (::getpeername(fd_.get(), native.get(), &native.size) != 0) return {};
  return from_native(native);
}

Result<TcpListener> TcpListener::listen(const BindOptions& options) {
  auto fd = bound_socket(options, SOCK_STREAM);
  if (!fd) return tl::unexpected(std::move(fd).error());
  if (::listen(fd->get(), listen_backlog) != 0) return socket_error("listen on", options.address);
  return TcpListener{std::move(*fd)};
}

std::optional<TcpSocket> TcpListener::accept() noexcept {
  FileDescriptor fd{::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!fd.valid()) return std::nullopt;
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return TcpSocket{std::move(fd)};
}

SocketAddress TcpListener::local_address() const noexcept { return name_of(fd_.get()); }

}  // namespace khien::net
