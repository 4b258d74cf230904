// DNS over TCP (RFC 7766), and the status pages: one thread with an event loop and an engine of its
// own, so that nothing here slows a UDP worker. Queries may be pipelined and are answered as their
// answers come. Limits close or refuse, each with a counter.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "resolver/udp_worker.h"

namespace khien::resolver {

constexpr std::size_t tcp_connections_max = 512;   // more are closed at once
constexpr std::int64_t tcp_idle_ms = 10'000;       // without a whole query or an answer under way
constexpr std::size_t tcp_pipelined_max = 64;      // queries of one connection under way
constexpr std::size_t tcp_query_size_max = 4'096;  // a longer one closes the connection
constexpr std::size_t tcp_unsent_size_max = 1 << 20;  // a client that does not read is closed

struct TcpServerOptions {
  std::vector<net::SocketAddress> listen = {};
  std::vector<Upstream> upstreams = {};
  std::optional<net::TlsContext> upstream_tls = {};
  EngineOptions engine = {};
};

class TcpServer final : private EngineSink {
 public:
  /// `loop` is borrowed and is run by the caller, on the thread that made this.
  [[nodiscard]] static Result<std::unique_ptr<TcpServer>> open(TcpServerOptions options,
                                                               const WorkerShared& shared,
                                                               net::EventLoop& loop);
  ~TcpServer() override;

  /// Accepts and reads no more; calls `done` once what was read is answered, at most drain_ms
  /// later. On the loop's thread.
  void drain(std::function<void()> done);

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] const UpstreamHealth& upstreams() const noexcept { return engine_.upstreams(); }
  /// As UdpWorker's.
  [[nodiscard]] std::string upstream_trouble(std::size_t upstream) const {
    return streams_.trouble(upstream);
  }

 private:
  struct Connection {
    net::TcpSocket socket;
    policy::AddressKey source = {};
    policy::EntryPoint entry = policy::no_entry_point;
    Octets in;
    Octets out;
    std::size_t under_way = 0;
    std::int64_t active_at_ms = 0;
  };

  TcpServer(TcpServerOptions options, const WorkerShared& shared, net::EventLoop& loop);
  Result<void> start();

  void answer(const ClientRef& client, Bytes message) override;
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override;
  std::size_t notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) override;

  void accept(net::TcpListener& listener);
  void ready(std::uint64_t id, net::Readiness readiness);
  void serve(std::uint64_t id, Connection& connection);
  bool flush(Connection& connection);
  void watch_for(Connection& connection);
  void close(std::uint64_t id);
  void upstream_datagram(std::uint16_t port);
  [[nodiscard]] UpstreamStreams::Hooks stream_hooks();
  void tick();
  void look_drained(std::int64_t now_ms);
  [[nodiscard]] Engine::Batch begin_batch();

  TcpServerOptions options_;
  WorkerShared shared_;
  net::EventLoop& loop_;
  Counters counters_;
  Engine engine_;
  crypto::RandomStream random_;
  UpstreamPorts ports_;
  std::vector<net::TcpListener> listeners_;
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t next_connection_ = 1;
  UpstreamStreams streams_;
  std::int64_t streams_seen_ms_ = 0;
  std::function<void()> drained_;  // set while draining
  std::int64_t drain_until_ms_ = 0;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace khien::resolver
