// /healthz and /metrics over plain HTTP/1.0 for the loopback interface: the least that a supervisor
// and Prometheus need, so that the data plane does not carry a web server. One request a
// connection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/event_loop.h"
#include "net/socket.h"

namespace khien::resolver {

constexpr std::size_t status_connections_max = 32;  // more are closed at once
constexpr std::size_t status_request_size_max = 8'192;
constexpr std::int64_t status_idle_ms = 5'000;

struct StatusPage {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

class StatusServer {
 public:
  using Handler = std::function<StatusPage(std::string_view path)>;

  /// `loop` is borrowed; `handler` runs on its thread.
  [[nodiscard]] static Result<std::unique_ptr<StatusServer>> open(net::TcpListener listener,
                                                                  net::EventLoop& loop,
                                                                  Handler handler);
  ~StatusServer();

  [[nodiscard]] net::SocketAddress local_address() const { return listener_.local_address(); }

 private:
  struct Connection {
    net::TcpSocket socket;
    std::string in;
    Octets out;
    std::size_t sent = 0;
  };
  StatusServer(net::TcpListener listener, net::EventLoop& loop, Handler handler);
  void accept();
  void ready(std::uint64_t id, net::Readiness readiness);
  void write(std::uint64_t id, Connection& connection);
  void close(std::uint64_t id);

  net::TcpListener listener_;
  net::EventLoop& loop_;
  Handler handler_;
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t next_id_ = 1;
};

}  // namespace khien::resolver
