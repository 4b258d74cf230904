#include "resolver/transfer_connection.h"

#include <poll.h>

#include <array>
#include <cerrno>

#include "dns/wire.h"

namespace khien::resolver {
namespace {

constexpr std::size_t read_size = 65'536;
constexpr std::size_t length_size = 2;

}  // namespace

void TransferConnection::close() noexcept {
  socket_.close();
  in_.clear();
}

Result<void> TransferConnection::wait(short events, int timeout_ms) {
  std::array<pollfd, 2> waiting{{{.fd = socket_.fd(), .events = events, .revents = 0},
                                 {.fd = stop_fd_, .events = POLLIN, .revents = 0}}};
  const int count = ::poll(waiting.data(), waiting.size(), timeout_ms);
  if (count == 0) return fail(ErrorCode::timeout, "the primary does not answer");
  if (count < 0 && errno != EINTR) return fail(ErrorCode::unavailable, "poll failed");
  if (count > 0 && waiting[1].revents != 0) return fail(ErrorCode::unavailable, "stopping");
  return {};
}

Result<net::TlsContext> transfer_tls_context(const std::filesystem::path& authorities) {
  return net::TlsContext::client(
      {.authorities = authorities, .alpn = {"dot"}, .version_min = net::TlsVersion::v1_3});
}

Result<void> TransferConnection::wait(net::Readiness readiness, int timeout_ms) {
  const int events = (readiness.readable ? POLLIN : 0) | (readiness.writable ? POLLOUT : 0);
  return wait(static_cast<short>(events), timeout_ms);
}

tl::unexpected<Error> TransferConnection::closed() const {
  if (!socket_.failure().empty()) {
    return fail(ErrorCode::denied, "TLS with the primary: " + socket_.failure(), "bad_tls");
  }
  return fail(ErrorCode::unavailable, "the primary closed the connection");
}

Result<void> TransferConnection::connect(const net::SocketAddress& primary, const TransferTls* tls,
                                         int timeout_ms) {
  close();
  auto socket = net::TcpSocket::start_connect(primary);
  if (!socket) return propagate(std::move(socket).error(), "connect to the primary");
  if (tls == nullptr) {
    socket_ = net::StreamSocket{std::move(*socket)};
  } else {
    auto stream = net::StreamSocket::client(std::move(*socket), tls->context, tls->peer);
    if (!stream) return propagate(std::move(stream).error(), "connect to the primary");
    socket_ = std::move(*stream);
  }
  if (auto ready = wait(POLLOUT, timeout_ms); !ready) {
    close();
    return ready;
  }
  if (socket_.connect_error() != 0) {
    close();
    return fail(ErrorCode::unavailable, "the primary refuses connections");
  }
  while (true) {
    const auto state = socket_.handshake();
    if (state == net::StreamSocket::State::moved) break;
    Result<void> ready{};
    if (state == net::StreamSocket::State::closed) {
      ready = closed();
    } else {
      ready = wait(socket_.waits_for(), timeout_ms);
    }
    if (!ready) {
      close();
      return ready;
    }
  }
  if (tls != nullptr && socket_.alpn() != "dot") {
    close();
    return fail(ErrorCode::denied, "the primary does not speak DNS over TLS", "bad_tls");
  }
  return {};
}

Result<void> TransferConnection::send(Bytes message, int timeout_ms) {
  Octets out;
  dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
  for (std::size_t sent = 0; sent < out.size();) {
    const auto moved = socket_.write_some(Bytes{out}.subspan(sent));
    if (moved.state == net::TcpSocket::State::closed) return closed();
    if (moved.state == net::TcpSocket::State::would_block) {
      if (auto ready = wait(socket_.waits_for(), timeout_ms); !ready) return ready;
    }
    sent += moved.size;
  }
  return {};
}

Result<Octets> TransferConnection::receive(int timeout_ms) {
  while (true) {
    if (in_.size() >= length_size) {
      const std::size_t size = dns::load_u16(in_, 0);
      if (in_.size() - length_size >= size) {
        const auto end = in_.begin() + static_cast<std::ptrdiff_t>(length_size + size);
        Octets message{in_.begin() + length_size, end};
        in_.erase(in_.begin(), end);
        return message;
      }
    }
    const std::size_t had = in_.size();
    in_.resize(had + read_size);
    const auto moved = socket_.read_some(std::span{in_}.subspan(had));
    in_.resize(had + (moved.state == net::TcpSocket::State::moved ? moved.size : 0));
    if (moved.state == net::TcpSocket::State::closed) return closed();
    if (moved.state == net::TcpSocket::State::would_block) {
      if (auto ready = wait(socket_.waits_for(), timeout_ms); !ready) {
        return tl::unexpected(std::move(ready).error());
      }
    }
  }
}

}  // namespace khien::resolver
