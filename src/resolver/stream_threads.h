// All streams of khien-dnsd: one StreamServer a thread, which share their ports, and the
// certificate that they show. What the operator sets of streams stands here.
#pragma once

#include <stop_token>
#include <string>

#include "resolver/stream_server.h"

namespace khien::resolver {

constexpr std::size_t stream_threads_max = 64;
constexpr std::size_t doh_paths_max = 64;

struct StreamOptions {
  std::vector<net::SocketAddress> dot = {};
  std::vector<net::SocketAddress> doh = {};
  TlsPair tls = {};  ///< both files or none
  std::vector<std::string> doh_paths{std::string{doh_path_default}};
  ProxyPeers proxies = {};
  std::size_t threads = 1;
  StreamLimits limits = {};
};

class StreamThreads {
 public:
  /// Binds `plain`, which is TCP's, and what `options` says. `engine_of` gives each thread's engine
  /// and upstreams.
  struct Base {
    std::vector<net::SocketAddress> plain = {};
    std::vector<Upstream> upstreams = {};
    std::optional<net::TlsContext> upstream_tls = {};
    EngineOptions engine = {};
    /// Adds what each thread's engine has of its own.
    std::function<void(EngineOptions&)> per_thread = {};
  };
  [[nodiscard]] static Result<std::unique_ptr<StreamThreads>> open(const StreamOptions& options,
                                                                   const Base& base,
                                                                   const WorkerShared& shared,
                                                                   Metrics& metrics);
  ~StreamThreads();

  [[nodiscard]] std::size_t count() const noexcept { return threads_.size(); }
  /// Serves as thread `number` until `stop`.
  void run(std::size_t number, const std::stop_token& stop);
  /// Where others may serve something small beside; thread 0 runs it.
  [[nodiscard]] net::EventLoop& first_loop() noexcept { return *threads_.front().loop; }

  /// With the ports that were taken, in the order of the options.
  [[nodiscard]] std::vector<net::SocketAddress> dot_addresses() const;
  [[nodiscard]] std::vector<net::SocketAddress> doh_addresses() const;
  [[nodiscard]] std::vector<const Counters*> counters() const;
  /// As UdpWorker's; none is null, or none is there.
  [[nodiscard]] std::vector<RuleTally*> rules() const;
  [[nodiscard]] std::vector<const UpstreamHealth*> upstreams() const;
  /// As UdpWorker's, of the first thread that has any.
  [[nodiscard]] std::string upstream_trouble(std::size_t upstream) const;
  /// Lines for /healthz; on thread 0.
  [[nodiscard]] std::string health() const;

 private:
  struct Thread {
    std::unique_ptr<net::EventLoop> loop;
    std::unique_ptr<StreamServer> server;
  };
  StreamThreads() = default;
  void poll_identity();

  std::size_t plain_count_ = 0;
  std::size_t dot_count_ = 0;
  std::unique_ptr<TlsIdentity> identity_;  // null without DoT and DoH; before those who use it
  std::vector<Thread> threads_;
};

}  // namespace khien::resolver
