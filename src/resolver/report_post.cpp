#include "resolver/report_post.h"

#include <netdb.h>
#include <poll.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "net/tls_peer.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::uint16_t http_port = 80;

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t size_max = 253;
  return !text.empty() && text.size() <= size_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

std::int64_t steady_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { ::freeaddrinfo(addresses); }
};

/// Blocks, for some seconds at most where no name server answers: a stop must not wait for long.
Result<std::vector<net::SocketAddress>> addresses_of(const ReportUrl& url) {
  if (const auto ip = net::IpAddress::parse(url.host)) {
    return std::vector<net::SocketAddress>{{.ip = *ip, .port = url.port}};
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
  const int failed = ::getaddrinfo(url.host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> owner{found};
  if (failed != 0) {
    return fail(ErrorCode::unavailable, "resolve " + url.host + ": " + ::gai_strerror(failed));
  }
  std::vector<net::SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (addresses.size() == report_addresses_max) break;
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    net::NativeAddress native;
    std::memcpy(&native.storage, at->ai_addr, at->ai_addrlen);
    native.size = at->ai_addrlen;
    addresses.push_back({.ip = net::from_native(native).ip, .port = url.port});
  }
  if (addresses.empty()) return fail(ErrorCode::unavailable, url.host + " has no address");
  return addresses;
}

/// "HTTP/1.1 204 No Content" to 204.
std::optional<int> status_of(std::string_view line) {
  constexpr std::string_view version = "HTTP/1.";
  if (!line.starts_with(version) || line.size() < version.size() + 5) return std::nullopt;
  line.remove_prefix(version.size() + 1);
  if (line[0] != ' ' || (line.size() > 4 && line[4] != ' ')) return std::nullopt;
  int status = 0;
  for (const char c : line.substr(1, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

Result<ReportUrl> ReportUrl::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::malformed, std::string{why} +
                                          "; expected a URL such as "
                                          "https://khiend.example/api/v1/resolver-reports");
  };
  if (text.size() > report_url_size_max || !is_plain(text)) return bad("no URL");
  ReportUrl url;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.is_encrypted = false;
  } else {
    return bad("neither https:// nor http://");
  }
  const auto slash = std::min(text.find('/'), text.size());
  const std::string_view authority = text.substr(0, slash);
  if (slash < text.size()) url.path = text.substr(slash);
  if (url.path.find_first_of("?#") != std::string::npos || authority.find('@') != authority.npos) {
    return bad("user name, query or fragment in it");
  }
  std::string_view host = authority;
  url.port = url.is_encrypted ? https_port : http_port;
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon != authority.npos) {
    host = authority.substr(0, colon);
    const auto port = net::parse_port(authority.substr(colon + 1));
    if (!port || *port == 0) return bad("no port");
    url.port = *port;
  }
  if (bracket != authority.npos) {
    if (!host.starts_with('[') || !host.ends_with(']')) return bad("no host");
    host = host.substr(1, host.size() - 2);
    const auto ip = net::IpAddress::parse(host);
    if (!ip || ip->is_v4()) return bad("no address in the brackets");
  } else if (!is_host_name(host)) {
    return bad("no host");
  }
  url.host = host;
  if (url.is_encrypted) return url;
  const auto ip = net::IpAddress::parse(host);
  if (ip ? ip->is_loopback() : host == "localhost") return url;
  return fail(ErrorCode::denied,
              "the key must not cross a network in the clear: https://, or http:// to loopback");
}

std::string to_string(const ReportUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::uint16_t usual = url.is_encrypted ? https_port : http_port;
  return std::string{url.is_encrypted ? "https://" : "http://"} +
         (is_v6 ? "[" + url.host + "]" : url.host) +
         (url.port == usual ? "" : ":" + std::to_string(url.port)) + url.path;
}

// One connection, with an end in time for all of it.
class ReportPost::Exchange {
 public:
  Exchange(int stop_fd, std::int64_t end_ms) noexcept : stop_fd_(stop_fd), end_ms_(end_ms) {}

  Result<void> connect(const net::SocketAddress& peer, const ReportUrl& url,
                       const std::optional<net::TlsContext>& tls) {
    auto socket = net::TcpSocket::start_connect(peer);
    if (!socket) return tl::unexpected(std::move(socket).error());
    if (url.is_encrypted) {
      auto stream = net::StreamSocket::client(std::move(*socket), *tls, {.name = url.host});
      if (!stream) return tl::unexpected(std::move(stream).error());
      socket_ = std::move(*stream);
    } else {
      socket_ = net::StreamSocket{std::move(*socket)};
    }
    const std::int64_t end_ms = std::exchange(
        end_ms_, std::min(end_ms_, steady_now_ms() + std::int64_t{report_connect_timeout_ms}));
    auto ready = wait({.writable = true});
    end_ms_ = end_ms;
    if (!ready) return ready;
    if (const int error = socket_.connect_error(); error != 0) {
      return fail(ErrorCode::unavailable, std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
    }
    while (true) {
      const auto state = socket_.handshake();
      if (state == net::StreamSocket::State::moved) return {};
      if (state == net::StreamSocket::State::closed) return closed("closed the connection");
      if (ready = wait(socket_.waits_for()); !ready) return ready;
    }
  }

  Result<void> write(std::string_view text) {
    Bytes left = as_bytes(text);
    while (!left.empty()) {
      const auto moved = socket_.write_some(left);
      // Whoever has heard enough answers and closes: what it says is read.
      if (moved.state == net::TcpSocket::State::closed) return {};
      if (moved.state == net::TcpSocket::State::would_block) {
        if (auto ready = wait(socket_.waits_for()); !ready) return ready;
      }
      left = left.subspan(moved.size);
    }
    return {};
  }

  Result<int> read_status() {
    std::string head;
    std::array<std::uint8_t, 2'048> buffer;
    while (head.find("\r\n") == std::string::npos) {
      const auto moved = socket_.read_some(buffer);
      if (moved.state == net::TcpSocket::State::closed) {
        return closed("closed the connection without an answer");
      }
      if (moved.state == net::TcpSocket::State::would_block) {
        if (auto ready = wait(socket_.waits_for()); !ready) {
          return tl::unexpected(std::move(ready).error());
        }
      }
      head += as_text(Bytes{buffer}.first(moved.size));
      if (head.size() > report_answer_size_max) break;
    }
    const auto status = status_of(head.substr(0, head.find("\r\n")));
    if (!status || *status < 200) return fail(ErrorCode::malformed, "the answer is no HTTP");
    return *status;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> closed(std::string_view how) const {
    if (socket_.failure().empty()) return fail(ErrorCode::unavailable, "it " + std::string{how});
    return fail(ErrorCode::denied, "TLS: " + socket_.failure(), "bad_tls");
  }

  Result<void> wait(net::Readiness readiness) {
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

  int stop_fd_;
  std::int64_t end_ms_;
  net::StreamSocket socket_;
};

Result<int> ReportPost::send(std::string_view body, std::string_view key) {
  const auto addresses = addresses_of(url_);
  if (!addresses) return tl::unexpected(addresses.error());
  const bool is_v6 = url_.host.find(':') != std::string::npos;
  const std::string request =
      "POST " + url_.path + " HTTP/1.1\r\nHost: " + (is_v6 ? "[" + url_.host + "]" : url_.host) +
      ":" + std::to_string(url_.port) +
      "\r\nUser-Agent: khien-dnsd\r\nAccept: application/json"
      "\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\nAuthorization: Bearer " + std::string{key} +
      "\r\nConnection: close\r\n\r\n" + std::string{body};
  const std::int64_t end_ms = steady_now_ms() + report_timeout_ms;
  Result<void> connected = fail(ErrorCode::unavailable, "no address");
  for (const net::SocketAddress& address : *addresses) {
    if (!url_.is_encrypted && !address.ip.unmapped().is_loopback()) {
      connected = fail(ErrorCode::denied, url_.host + " is not this machine: use https://");
      continue;
    }
    Exchange exchange{stop_fd_, end_ms};
    connected = exchange.connect(address, url_, tls_);
    if (!connected) continue;
    if (auto written = exchange.write(request); !written) {
      return tl::unexpected(std::move(written).error());
    }
    return exchange.read_status();
  }
  return tl::unexpected(std::move(connected).error());
}

}  // namespace khien::resolver
