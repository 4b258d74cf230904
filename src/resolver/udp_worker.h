// One worker of the data plane: a UDP socket of its own on each listening address (SO_REUSEPORT),
// an engine of its own, and batches of 32 packets in and out. It shares nothing with other workers
// but the published rules. run() belongs to one thread, which it owns until it is told to stop.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "resolver/engine.h"
#include "resolver/upstream_ports.h"

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
};

/// What each listening socket asks of the kernel: octets of bursts, about 5,000 small queries, that
/// come while the worker is not scheduled.
constexpr int udp_receive_buffer_size = 4 << 20;

struct UdpWorkerOptions {
  std::vector<net::SocketAddress> listen = {};     // port 0 takes a free one
  std::vector<net::SocketAddress> upstreams = {};  // by the numbers that the routes use
  EngineOptions engine = {};
};

class UdpWorker final : private EngineSink {
 public:
  /// unavailable if an address cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<UdpWorker>> open(UdpWorkerOptions options,
                                                               const WorkerShared& shared);
  ~UdpWorker() override;

  /// Serves until `stop`; returns within about 200 ms of it.
  void run(const std::stop_token& stop);

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// Asks the kernel what it dropped before we could read it, and notes it in counters(). Of one
  /// thread at a time, which need not be the worker's: a system call a socket.
  void read_kernel_drops() noexcept;
  /// The least that the kernel granted to a listening socket, in octets.
  [[nodiscard]] int receive_buffer_size() const noexcept;
  /// Its figures may be read by any thread.
  [[nodiscard]] const UpstreamHealth& upstreams() const noexcept { return engine_.upstreams(); }
  /// With the ports that were taken.
  [[nodiscard]] std::vector<net::SocketAddress> local_addresses() const;

 private:
  struct Buffers;
  UdpWorker(UdpWorkerOptions options, const WorkerShared& shared);
  Result<void> bind_all();

  void answer(const ClientRef& client, Bytes message) override;
  std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) override;
  std::size_t notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) override;

  void begin_batch();
  std::size_t receive(int fd, int flags);
  std::size_t serve_clients(std::size_t socket, int flags);
  void serve_upstream(std::uint16_t port);
  void handle_batch(std::size_t socket, std::size_t count);
  void send_answers(int fd, std::size_t count);
  void flush_late_answers();
  void send_questions();
  void flush_questions();
  void wait_and_serve(int timeout_ms);

  UdpWorkerOptions options_;
  WorkerShared shared_;
  Counters counters_;
  Engine engine_;
  RandomPool random_;
  UpstreamPorts ports_;
  FileDescriptor epoll_;
  std::vector<net::UdpSocket> sockets_;
  std::vector<policy::EntryPoint> entries_;  // by socket
  std::unique_ptr<Buffers> buffers_;
  std::size_t late_count_ = 0;
  std::size_t late_socket_ = 0;
  std::size_t question_count_ = 0;
  std::vector<std::optional<std::uint16_t>> batch_port_;  // by upstream
  std::vector<std::uint16_t> failed_ports_;
};

}  // namespace khien::resolver
