#include "resolver/status_server.h"

#include <fmt/format.h>

#include <array>

namespace khien::resolver {
namespace {

std::string_view reason_of(int code) noexcept {
  switch (code) {
    case 200: return "OK";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Bad Request";
  }
}

// "GET /path HTTP/1.1" to a page.
StatusPage answer_to(std::string_view request, const StatusServer::Handler& handler) {
  const std::string_view line = request.substr(0, request.find_first_of("\r\n"));
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return {.code = 400, .body = "bad request\n"};
  if (line.substr(0, first) != "GET") return {.code = 405, .body = "GET only\n"};
  return handler(line.substr(first + 1, second - first - 1));
}

}  // namespace

StatusServer::StatusServer(net::TcpListener listener, net::EventLoop& loop, Handler handler)
    : listener_(std::move(listener)), loop_(loop), handler_(std::move(handler)) {}

StatusServer::~StatusServer() {
  loop_.unwatch(listener_.fd());
  for (auto& [id, connection] : connections_) loop_.unwatch(connection.socket.fd());
}

Result<std::unique_ptr<StatusServer>> StatusServer::open(net::TcpListener listener,
                                                         net::EventLoop& loop, Handler handler) {
  std::unique_ptr<StatusServer> server{
      new StatusServer(std::move(listener), loop, std::move(handler))};  // NOLINT
  auto watched = loop.watch(server->listener_.fd(), {.readable = true},
                            [at = server.get()](net::Readiness) { at->accept(); });
  if (!watched) return tl::unexpected(std::move(watched).error());
  return server;
}

void StatusServer::accept() {
  while (auto socket = listener_.accept()) {
    if (connections_.size() >= status_connections_max) continue;
    const std::uint64_t id = next_id_++;
    auto& connection = connections_[id];
    connection.socket = std::move(*socket);
    auto watched = loop_.watch(connection.socket.fd(), {.readable = true},
                               [this, id](net::Readiness readiness) { ready(id, readiness); });
    if (!watched) {
      connections_.erase(id);
      continue;
    }
    (void)loop_.after(status_idle_ms, [this, id] { close(id); });
  }
}

void StatusServer::close(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.unwatch(found->second.socket.fd());
  connections_.erase(found);
}

void StatusServer::ready(std::uint64_t id, net::Readiness readiness) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (connection.out.empty() && (readiness.readable || readiness.closed)) {
    std::array<std::uint8_t, 2'048> buffer;
    const auto moved = connection.socket.read_some(buffer);
    if (moved.state == net::TcpSocket::State::closed) return close(id);
    connection.in += as_text(Bytes{buffer}.first(moved.size));
    if (connection.in.size() > status_request_size_max) return close(id);
    if (connection.in.find("\r\n\r\n") == std::string::npos) return;
    const StatusPage page = answer_to(connection.in, handler_);
    connection.out = to_octets(fmt::format(
        "HTTP/1.0 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        page.code, reason_of(page.code), page.content_type, page.body.size(), page.body));
  }
  write(id, connection);
}

void StatusServer::write(std::uint64_t id, Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const auto moved = connection.socket.write_some(Bytes{connection.out}.subspan(connection.sent));
    if (moved.state == net::TcpSocket::State::closed) return close(id);
    if (moved.state == net::TcpSocket::State::would_block) {
      (void)loop_.change(connection.socket.fd(), {.writable = true});
      return;
    }
    connection.sent += moved.size;
  }
  close(id);
}

}  // namespace khien::resolver
