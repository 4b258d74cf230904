// One worker of the data plane: a UDP socket of its own on each listening address (SO_REUSEPORT)
// and perhaps a queue of an interface (AF_XDP), an engine of its own, and batches of 32 packets in
// and out. What clients come by is a ClientSocket; the engine, late answers and questions upstream
// are the same for all. It shares nothing with other workers but the published rules. run() belongs
// to one thread, which it owns until it is told to stop.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "net/listening_sockets.h"
#include "net/xdp_program.h"
#include "resolver/proxy_peers.h"
#include "resolver/udp_client_socket.h"
#include "resolver/upstream_ports.h"
#include "resolver/upstream_streams.h"

namespace khien::resolver {

/// A NOTIFY from `from`; writes the answer and returns its size, 0 for none. Any thread.
using NotifyHandler =
    std::function<std::size_t(Bytes message, const net::IpAddress& from, std::span<std::uint8_t>)>;

/// What workers share; borrowed, and outlives them.
struct WorkerShared {
  Snapshot<policy::Rules>& rules;
  const std::atomic<bool>& ready;
  const Clock& clock;
  Rng& rng;
  const NotifyHandler& notify;
  net::ListeningSockets* sockets = nullptr;  // used while opening only; without: all are bound
};

constexpr std::size_t client_sockets_max = 256;  // ClientRef::socket is one octet

/// How long a thread that was told to stop waits for the answers that its clients wait for.
constexpr std::int64_t drain_ms = 2'000;

struct UdpWorkerOptions {
  std::vector<net::SocketAddress> listen = {};       // port 0 takes a free one
  std::vector<Upstream> upstreams = {};              // by the numbers that the routes use
  std::optional<net::TlsContext> upstream_tls = {};  // for those that are asked over TLS
  EngineOptions engine = {};
  ProxyPeers proxies = {};
};

class UdpWorker final : private EngineSink {
 public:
  /// unavailable if an address cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<UdpWorker>> open(UdpWorkerOptions options,
                                                               const WorkerShared& shared);
  ~UdpWorker() override;
  /// Takes queries from `queue` of the program's interface too; `program` is borrowed and outlives
  /// this. Before run(). Errors say what is missing (net::XdpSocket::open).
  [[nodiscard]] Result<void> add_xdp(net::XdpProgram& program, std::uint32_t queue);
  /// Gives up what add_xdp() took. Before run().
  void drop_xdp() noexcept { clients_.resize(local_addresses_.size()); }

  /// Serves until `stop`, then reads no more queries and waits for the answers under way, at most
  /// drain_ms. What still waits in the sockets is our successor's, if they outlive us.
  void run(const std::stop_token& stop);

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// Null if rules are not counted (EngineOptions::counting).
  [[nodiscard]] RuleTally* rules() const noexcept { return counters_.rules(); }
  /// Asks the kernel what it dropped before we could read it, and notes it in counters(). Of one
  /// thread at a time, which need not be the worker's: a system call a socket.
  void read_kernel_drops() noexcept;
  /// The least that the kernel granted to a listening socket, in octets.
  [[nodiscard]] int receive_buffer_size() const noexcept { return least_buffer_size_; }
  /// Its figures may be read by any thread.
  [[nodiscard]] const UpstreamHealth& upstreams() const noexcept { return engine_.upstreams(); }
  /// Why one cannot be reached over TCP or TLS, if so. Any thread.
  [[nodiscard]] std::string upstream_trouble(std::size_t upstream) const {
    return streams_.trouble(upstream);
  }
  /// With the ports that were taken.
  [[nodiscard]] const std::vector<net::SocketAddress>& local_addresses() const noexcept {
    return local_addresses_;
  }

 private:
  struct Questions;
  UdpWorker(UdpWorkerOptions options, const WorkerShared& shared);
  Result<void> bind_all();
  void watch(int fd, std::uint64_t tag) noexcept;
  void add(std::unique_ptr<ClientSocket> socket);
  [[nodiscard]] std::uint8_t next_number() const noexcept {
    return static_cast<std::uint8_t>(clients_.size());
  }

  void answer(const ClientRef& client, Bytes message) override;
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override;
  std::size_t notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) override;

  [[nodiscard]] UpstreamStreams::Hooks stream_hooks();
  void begin_batch();
  std::size_t serve_clients(std::size_t number, ClientSocket::Wait wait);
  void serve_upstream(std::uint16_t port);
  void send_questions();
  void flush_questions();
  void wait_and_serve(int timeout_ms);
  void drain();

  UdpWorkerOptions options_;
  WorkerShared shared_;
  Counters counters_;
  Engine engine_;
  crypto::RandomStream random_;
  UpstreamPorts ports_;
  FileDescriptor epoll_;
  UpstreamStreams streams_;  // after epoll_, which it leaves at its end
  std::int64_t streams_seen_ms_ = 0;
  std::unique_ptr<WorkerBatches> batches_;
  std::vector<std::unique_ptr<ClientSocket>> clients_;  // by ClientRef::socket
  std::vector<net::SocketAddress> local_addresses_;
  int least_buffer_size_ = udp_receive_buffer_size;
  std::unique_ptr<Questions> questions_;
  std::size_t question_count_ = 0;
  std::vector<std::optional<std::uint16_t>> batch_port_;  // by upstream
  std::vector<std::uint16_t> failed_ports_;
};

}  // namespace khien::resolver
