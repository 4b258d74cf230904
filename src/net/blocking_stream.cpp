#include "net/blocking_stream.h"

#include <netdb.h>
#include <poll.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

namespace khien::net {
namespace {

std::int64_t steady_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { ::freeaddrinfo(addresses); }
};

}  // namespace

Result<std::vector<SocketAddress>> host_addresses(const std::string& host, std::uint16_t port) {
  if (const auto ip = IpAddress::parse(host)) {
    return std::vector<SocketAddress>{{.ip = *ip, .port = port}};
  }
  // Of this thread alone: two tries of a second a server, and the name as it is written.
  if (::res_init() == 0) {
    _res.retrans = 1;
    _res.retry = 2;
    _res.options &= ~static_cast<unsigned long>(RES_DNSRCH | RES_DEFNAMES);
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> owner{found};
  if (failed != 0) {
    return fail(ErrorCode::unavailable, "resolve " + host + ": " + ::gai_strerror(failed));
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (addresses.size() == host_addresses_max) break;
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    NativeAddress native;
    std::memcpy(&native.storage, at->ai_addr, at->ai_addrlen);
    native.size = at->ai_addrlen;
    addresses.push_back({.ip = from_native(native).ip, .port = port});
  }
  if (addresses.empty()) return fail(ErrorCode::unavailable, host + " has no address");
  return addresses;
}

BlockingStream::BlockingStream(const BlockingStreamOptions& options)
    : stop_fd_(options.stop_fd),
      connect_timeout_ms_(options.connect_timeout_ms),
      end_ms_(steady_now_ms() + std::int64_t{options.timeout_ms}) {}

Result<void> BlockingStream::connect(const SocketAddress& peer, const TlsContext* tls,
                                     const std::string& name) {
  const std::int64_t end_ms = std::exchange(
      end_ms_, std::min(end_ms_, steady_now_ms() + std::int64_t{connect_timeout_ms_}));
  auto connected = connect_within(peer, tls, name);
  end_ms_ = end_ms;
  return connected;
}

Result<void> BlockingStream::connect_within(const SocketAddress& peer, const TlsContext* tls,
                                            const std::string& name) {
  auto socket = TcpSocket::start_connect(peer);
  if (!socket) return tl::unexpected(std::move(socket).error());
  if (tls != nullptr) {
    auto stream = StreamSocket::client(std::move(*socket), *tls, {.name = name});
    if (!stream) return tl::unexpected(std::move(stream).error());
    socket_ = std::move(*stream);
  } else {
    socket_ = StreamSocket{std::move(*socket)};
  }
  if (auto ready = wait({.writable = true}); !ready) return ready;
  if (const int error = socket_.connect_error(); error != 0) {
    return fail(ErrorCode::unavailable, std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
  }
  while (true) {
    const auto state = socket_.handshake();
    if (state == StreamSocket::State::moved) return {};
    if (state == StreamSocket::State::closed) return closed("closed the connection");
    if (auto ready = wait(socket_.waits_for()); !ready) return ready;
  }
}

Result<void> BlockingStream::write(std::string_view text) {
  Bytes left = as_bytes(text);
  while (!left.empty()) {
    const auto moved = socket_.write_some(left);
    if (moved.state == TcpSocket::State::closed) return {};
    if (moved.state == TcpSocket::State::would_block) {
      if (auto ready = wait(socket_.waits_for()); !ready) return ready;
    }
    left = left.subspan(moved.size);
  }
  return {};
}

Result<std::size_t> BlockingStream::read(std::span<std::uint8_t> buffer) {
  while (true) {
    const auto moved = socket_.read_some(buffer);
    if (moved.state == TcpSocket::State::closed) return std::size_t{0};
    if (moved.size > 0) return moved.size;
    if (auto ready = wait(socket_.waits_for()); !ready) {
      return tl::unexpected(std::move(ready).error());
    }
  }
}

tl::unexpected<Error> BlockingStream::closed(std::string_view how) const {
  if (socket_.failure().empty()) return fail(ErrorCode::unavailable, "it " + std::string{how});
  return fail(ErrorCode::denied, "TLS: " + socket_.failure(), "bad_tls");
}

Result<void> BlockingStream::wait(Readiness readiness) {
  while (true) {
    const std::int64_t left_ms = end_ms_ - steady_now_ms();
    if (left_ms <= 0) return fail(ErrorCode::timeout, "it does not answer");
    const int events = (readiness.readable ? POLLIN : 0) | (readiness.writable ? POLLOUT : 0);
    std::array<pollfd, 2> waiting{
        {{.fd = socket_.fd(), .events = static_cast<short>(events), .revents = 0},
         {.fd = stop_fd_, .events = POLLIN, .revents = 0}}};
    const int count = ::poll(waiting.data(), waiting.size(), static_cast<int>(left_ms));
    if (count < 0 && errno != EINTR) return fail(ErrorCode::unavailable, "poll failed");
    if (count > 0 && waiting[1].revents != 0) return fail(ErrorCode::unavailable, "stopping");
    if (count > 0) return {};
  }
}

Result<BlockingStream> connect_to(const ServiceUrl& url, const std::optional<TlsContext>& tls,
                                  const BlockingStreamOptions& options) {
  const auto addresses = host_addresses(url.host, url.port);
  if (!addresses) return tl::unexpected(addresses.error());
  BlockingStream stream{options};
  Result<void> connected = fail(ErrorCode::unavailable, "no address");
  for (const SocketAddress& address : *addresses) {
    if (!url.is_encrypted && !address.ip.unmapped().is_loopback()) {
      connected = fail(ErrorCode::denied, url.host + " is not this machine: use https://");
      continue;
    }
    connected = stream.connect(address, url.is_encrypted ? &*tls : nullptr, url.host);
    if (connected) return stream;
  }
  return tl::unexpected(std::move(connected).error());
}

}  // namespace khien::net
