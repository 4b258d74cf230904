// The DNS primary of the policy zones: UDP and TCP on one address, transfers, NOTIFY.
//
// Threads: one loop (queries, connections, NOTIFY) that never blocks, and transfers_max workers
// that each send one zone at a time and may block on a slow peer up to send_timeout_ms. All end
// with this object.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/random.h"
#include "base/snapshot.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "publish/notifier.h"
#include "publish/transfer.h"

namespace khien::publish {

constexpr std::size_t connections_max = 64;
constexpr std::size_t connections_per_client_max = 32;
constexpr std::size_t transfers_max = 16;  // at once, each on a worker of its own
constexpr std::size_t transfers_waiting_max = connections_max;  // so the queue is never full
constexpr std::size_t query_size_max = 4'096;     // a query over TCP; more closes the connection
constexpr std::int64_t idle_timeout_ms = 10'000;  // of a connection without a whole query
constexpr std::int64_t send_timeout_ms = 30'000;  // of one message of a transfer
constexpr std::size_t datagrams_a_turn = 64;      // before TCP gets its turn

struct PrimaryOptions {
  net::SocketAddress listen;  ///< port 0 takes a free one
};

class Primary {
 public:
  /// Listens and begins to serve. `zones`, `clock`, `rng` and `metrics` must outlive it; `rng` is
  /// used on the loop's thread. Takes over the zones' listener. unavailable if the address is
  /// taken.
  [[nodiscard]] static Result<std::unique_ptr<Primary>> start(const PrimaryOptions& options,
                                                              ZoneSet& zones, const Clock& clock,
                                                              Rng& rng, Metrics& metrics);
  ~Primary();
  Primary(const Primary&) = delete;
  Primary& operator=(const Primary&) = delete;

  [[nodiscard]] net::SocketAddress address() const noexcept { return address_; }

  /// Replaces who may take what, and tells everybody of every zone. Any thread. Errors of check().
  [[nodiscard]] Result<void> set_access(Access access);

  /// What each follower has. Any thread.
  [[nodiscard]] FollowerProgress& progress() noexcept { return progress_; }

 private:
  struct Connection {
    net::TcpSocket socket;
    net::IpAddress peer;
    Octets in = {};
    Octets out = {};
    net::TimerId idle_timer = 0;
  };
  struct Job {
    net::TcpSocket socket;
    net::IpAddress peer;
    TransferOrder order;
  };
  /// A connection that a worker gives back; without a socket if it is of no more use.
  struct Returned {
    net::TcpSocket socket;
    net::IpAddress peer;
    std::optional<SerialSeen> seen = {};  ///< what the peer has now
  };

  Primary(ZoneSet& zones, const Clock& clock, Rng& rng, Metrics& metrics);
  Result<void> listen(const net::SocketAddress& address);
  Result<void> watch();
  void serve_serial(const ZoneFacts& zone);
  void run_loop();
  void run_worker(const std::stop_token& stop);
  void serve_datagrams();
  void accept_connections();
  void adopt(net::TcpSocket socket, const net::IpAddress& peer);
  void adopt_returned();
  void serve_connection(int fd);
  bool serve_queries(Connection& connection);
  bool write_out(Connection& connection);
  void begin_transfer(int fd, TransferOrder order);
  void close(int fd);
  void uncount(const net::IpAddress& peer);
  [[nodiscard]] std::optional<SerialSeen> send(Job& job, const std::stop_token& stop);
  void restart_idle_timer(Connection& connection);
  [[nodiscard]] Answer answer(Bytes message, const net::IpAddress& peer, Transport transport);

  ZoneSet& zones_;
  const Clock& clock_;
  Rng& rng_;
  PrimaryCounters counters_;
  FollowerProgress progress_;
  net::SocketAddress address_;
  std::optional<net::UdpSocket> udp_;
  std::optional<net::TcpListener> tcp_;
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<Notifier> notifier_;             // loop thread
  std::map<int, Connection> connections_;          // loop thread
  std::map<net::IpAddress, std::size_t> clients_;  // loop thread; connections and transfers
  std::size_t connection_count_ = 0;               // loop thread; connections and transfers
  Snapshot<Access> access_;
  BoundedQueue<std::unique_ptr<Job>> jobs_{transfers_waiting_max};
  Guarded<std::vector<Returned>> returned_;  // from the workers to the loop
  std::vector<std::jthread> workers_;
  std::jthread loop_thread_;
};

}  // namespace khien::publish
