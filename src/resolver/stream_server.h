// DNS over streams: TCP (RFC 7766), DoT (RFC 7858), DoH (RFC 8484); one thread with an event loop
// and an engine of its own, so that nothing here slows a UDP worker. Queries may be pipelined and
// are answered as their answers come. Limits refuse or close, each with a counter.
//
//   listener ► PrefixLimits ► StreamConnection (PROXY header, TLS) ► StreamFraming ► engine
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/event_loop.h"
#include "resolver/doh_request.h"
#include "resolver/prefix_limits.h"
#include "resolver/proxy_peers.h"
#include "resolver/stream_connection.h"
#include "resolver/stream_edns.h"
#include "resolver/tls_identity.h"
#include "resolver/udp_worker.h"
#include "resolver/upstream_streams.h"

namespace khien::resolver {

constexpr std::string_view doh_path_default = "/dns-query";

struct StreamListener {
  net::SocketAddress address = {};
  StreamKind kind = StreamKind::plain;
};

/// What clients of streams may do; with their defaults.
struct StreamLimits {
  std::size_t connections_max = 4'096;      ///< of one thread; more are closed at once
  PrefixLimitOptions prefix = {};           ///< of one thread, too
  std::int64_t handshake_ms = 5'000;        ///< for PROXY header and TLS handshake together
  std::int64_t idle_ms = 10'000;            ///< TCP: without a whole query or an answer
  std::int64_t encrypted_idle_ms = 30'000;  ///< DoT and DoH: a handshake costs more than a socket
};

struct StreamServerOptions {
  std::vector<StreamListener> listen = {};
  net::PortSharing sharing = net::PortSharing::exclusive;
  ProxyPeers proxies = {};
  std::vector<std::string> doh_paths{std::string{doh_path_default}};  ///< beside those of networks
  StreamLimits limits = {};
  std::vector<Upstream> upstreams = {};
  std::optional<net::TlsContext> upstream_tls = {};
  EngineOptions engine = {};
};

class StreamServer final : private EngineSink, private QueryTaker {
 public:
  /// `loop` and `tls` are borrowed; the loop is run by the caller, on the thread that made this.
  /// `tls` may be null if nobody listens for DoT or DoH.
  [[nodiscard]] static Result<std::unique_ptr<StreamServer>> open(StreamServerOptions options,
                                                                  const WorkerShared& shared,
                                                                  net::EventLoop& loop,
                                                                  TlsIdentity* tls);
  ~StreamServer() override;

  /// Accepts and reads no more; calls `done` once what was read is answered, at most drain_ms
  /// later. On the loop's thread.
  void drain(std::function<void()> done);

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// Null if rules are not counted (EngineOptions::counting).
  [[nodiscard]] RuleTally* rules() const noexcept { return counters_.rules(); }
  [[nodiscard]] const UpstreamHealth& upstreams() const noexcept { return engine_.upstreams(); }
  /// As UdpWorker's.
  [[nodiscard]] std::string upstream_trouble(std::size_t upstream) const {
    return upstream_streams_.trouble(upstream);
  }
  /// With the ports that were taken, in the order of the options.
  [[nodiscard]] std::vector<net::SocketAddress> local_addresses() const;

 private:
  struct Listener {
    net::TcpListener socket;
    StreamKind kind;
    policy::EntryPoint entry;
  };
  using Id = std::uint64_t;

  StreamServer(StreamServerOptions options, const WorkerShared& shared, net::EventLoop& loop,
               TlsIdentity* tls);
  Result<void> start();

  void answer(const ClientRef& client, Bytes message) override;
  void drop(const ClientRef& client) override;
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override;
  std::size_t notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) override;
  Outcome take(const Query& query) override;

  void accept(Listener& listener);
  void pause(Listener& listener);
  void ready(Id id, net::Readiness readiness);
  [[nodiscard]] bool advance(Id id, StreamConnection& connection);
  [[nodiscard]] bool read_proxy(StreamConnection& connection);
  [[nodiscard]] bool begin(StreamConnection& connection);
  [[nodiscard]] bool admit(StreamConnection& connection);
  [[nodiscard]] bool shake(StreamConnection& connection);
  [[nodiscard]] bool open_framing(StreamConnection& connection);
  [[nodiscard]] bool serve(Id id, StreamConnection& connection);
  [[nodiscard]] bool send(Id id, StreamConnection& connection);
  void make_dirty(Id id, StreamConnection& connection);
  void flush_dirty();
  void close(Id id);
  void close_late();
  void watch_for(StreamConnection& connection);
  void look_drained(std::int64_t now_ms);
  [[nodiscard]] Engine::Batch begin_batch();
  void tick();
  [[nodiscard]] policy::EntryPoint entry_of(const StreamConnection& connection,
                                            std::string_view path) const noexcept;
  [[nodiscard]] std::int64_t idle_ms_of(StreamKind kind) const noexcept;

  void upstream_datagram(std::uint16_t port);
  [[nodiscard]] UpstreamStreams::Hooks upstream_hooks();
  void settle();

  StreamServerOptions options_;
  WorkerShared shared_;
  net::EventLoop& loop_;
  std::optional<Snapshot<TlsContexts>::Reader> tls_;
  Counters counters_;
  Engine engine_;
  crypto::RandomStream random_;
  UpstreamPorts ports_;
  UpstreamStreams upstream_streams_;
  PrefixLimits limits_;
  const DohPaths doh_paths_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<Id, std::unique_ptr<StreamConnection>> connections_;
  std::vector<Id> dirty_;
  Id next_connection_ = 1;
  std::int64_t looked_for_late_ms_ = 0;
  // The connection that take() is called for.
  Id serving_ = 0;
  StreamConnection* serving_connection_ = nullptr;
  std::int64_t upstreams_seen_ms_ = 0;
  std::function<void()> drained_;  // set while draining
  std::int64_t drain_until_ms_ = 0;
  std::unique_ptr<std::uint8_t[]> in_buffer_;
  std::unique_ptr<std::uint8_t[]> out_buffer_;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace khien::resolver
