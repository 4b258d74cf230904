// A plain DNS client for the tests of this module: blocking, on loopback.
#pragma once

#include <poll.h>

#include <vector>

#include "base/assert.h"
#include "dns/writer.h"
#include "net/socket.h"

namespace khien::publish {

constexpr int test_wait_ms = 10'000;

inline bool wait_for(int fd, short events, int wait_ms = test_wait_ms) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return ::poll(&one, 1, wait_ms) == 1;
}

inline Octets test_query(const dns::Name& name, std::uint16_t qtype,
                         std::optional<std::uint32_t> serial = {}) {
  Octets buffer(512);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(4'711, 0);
  bool fits = writer.add_question(name, qtype, dns::class_in);
  if (serial) {
    const dns::Soa soa{.primary = {}, .mailbox = {}, .serial = *serial};
    fits = fits && writer.add_record(dns::Section::authority, name, {.type = dns::type_soa},
                                     dns::make_soa(soa));
  }
  KHIEN_ASSERT(fits);
  return to_octets(writer.message());
}

/// The answer to one datagram, or an empty one after test_wait_ms.
inline Octets ask_udp(const net::SocketAddress& server, Bytes query) {
  auto socket = net::UdpSocket::connect(server);
  KHIEN_ASSERT(socket.has_value());
  socket->send(query);
  Octets buffer(dns::message_size_max);
  if (!wait_for(socket->fd(), POLLIN)) return {};
  const auto received = socket->receive(buffer);
  buffer.resize(received ? received->size : 0);
  return buffer;
}

/// A TCP connection that sends queries and reads messages.
class TestConnection {
 public:
  explicit TestConnection(const net::SocketAddress& server) {
    auto socket = net::TcpSocket::start_connect(server);
    KHIEN_ASSERT(socket.has_value());
    socket_ = std::move(*socket);
    KHIEN_ASSERT(wait_for(socket_.fd(), POLLOUT));
  }

  void send(Bytes message) {
    Octets out;
    dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
    out.insert(out.end(), message.begin(), message.end());
    send_raw(out);
  }
  void send_raw(Bytes octets) {
    const auto moved = socket_.write_some(octets);
    KHIEN_ASSERT(moved.size == octets.size());
  }

  /// The next message; nullopt if the server closed the connection.
  std::optional<Octets> receive() {
    while (in_.size() < 2 || in_.size() - 2 < dns::load_u16(in_, 0)) {
      if (!wait_for(socket_.fd(), POLLIN)) return std::nullopt;
      Octets buffer(65'536);
      const auto moved = socket_.read_some(buffer);
      if (moved.state == net::TcpSocket::State::closed) return std::nullopt;
      in_.insert(in_.end(), buffer.begin(),
                 buffer.begin() + static_cast<std::ptrdiff_t>(moved.size));
    }
    const std::size_t size = dns::load_u16(in_, 0);
    Octets message{in_.begin() + 2, in_.begin() + static_cast<std::ptrdiff_t>(2 + size)};
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(2 + size));
    return message;
  }

 private:
  net::TcpSocket socket_;
  Octets in_;
};

}  // namespace khien::publish
