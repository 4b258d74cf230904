// The DNS primary of the policy zones: UDP and TCP on one address, TLS on another (RFC 9103),
// transfers, NOTIFY.
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
#include "net/stream_socket.h"
#include "publish/notifier.h"
#include "publish/primary_identity.h"
#include "publish/transfer.h"

namespace khien::publish {

constexpr std::size_t connections_max = 512;
constexpr std::size_t connections_per_client_max = 32;
constexpr std::size_t transfers_max = 16;  // at once, each on a worker of its own
constexpr std::size_t transfers_waiting_max = connections_max;  // so the queue is never full
constexpr std::size_t query_size_max = 4'096;     // a query over TCP; more closes the connection
constexpr std::int64_t idle_timeout_ms = 10'000;  // of a connection without a whole query
constexpr std::int64_t handshake_timeout_ms = 5'000;
constexpr std::int64_t send_timeout_ms = 30'000;  // of one message of a transfer
constexpr std::size_t datagrams_a_turn = 64;      // before TCP gets its turn

struct PrimaryOptions {
  net::SocketAddress listen;  ///< port 0 takes a free one
  /// Where zones are served over TLS 1.3 (ALPN "dot"), too, and the certificate for it. Serials are
  /// told there over UDP as well: Unbound asks for them so at the port that it transfers from.
  struct Tls {
    net::SocketAddress listen;
    net::TlsPairFiles files;
  };
  std::optional<Tls> tls = {};
};

class Primary {
 public:
  /// Listens and begins to serve. Errors of PrimaryIdentity::open(). `zones`, `clock`, `rng` and
  /// `metrics` must outlive it; `rng` is used on the loop's thread. Takes over the zones' listener.
  /// unavailable if the address is taken.
  [[nodiscard]] static Result<std::unique_ptr<Primary>> start(const PrimaryOptions& options,
                                                              ZoneSet& zones, const Clock& clock,
                                                              Rng& rng, Metrics& metrics);
  ~Primary();
  Primary(const Primary&) = delete;
  Primary& operator=(const Primary&) = delete;

  [[nodiscard]] net::SocketAddress address() const noexcept { return address_; }
  /// Where TLS is served; nullopt if it is not.
  [[nodiscard]] std::optional<net::SocketAddress> tls_address() const noexcept;
  /// The certificate's files are looked at by its poll(); null without TLS.
  [[nodiscard]] PrimaryIdentity* identity() noexcept { return identity_.get(); }

  /// Replaces who may take what, and tells everybody of every zone. Any thread. Errors of check().
  [[nodiscard]] Result<void> set_access(Access access);

  /// What each follower has. Any thread.
  [[nodiscard]] FollowerProgress& progress() noexcept { return progress_; }

 private:
  struct Connection {
    net::StreamSocket socket;
    net::IpAddress peer;
    std::optional<crypto::Sha256Digest> pin = {};  // of the TLS client's key
    Octets in = {};
    Octets out = {};
    net::Readiness wants = {.readable = true};
    net::TimerId idle_timer = 0;
  };
  struct Job {
    Connection connection;
    TransferOrder order;
  };
  /// A connection that a worker gives back; without a socket if it is of no more use.
  struct Returned {
    Connection connection;
    std::optional<SerialSeen> seen = {};  ///< what the peer has now
  };
  enum class After { waits, again, close, handed_over };

  Primary(ZoneSet& zones, const Clock& clock, Rng& rng, Metrics& metrics);
  struct Listening {
    net::TcpListener tcp;
    net::UdpSocket udp;
  };
  [[nodiscard]] static Result<Listening> listen(const net::SocketAddress& address);
  Result<void> watch();
  void serve_serial(const ZoneFacts& zone);
  void run_loop();
  void run_worker(const std::stop_token& stop);
  void serve_datagrams(net::UdpSocket& socket);
  void accept_connections(net::TcpListener& listener);
  void adopt(Connection connection);
  void adopt_returned();
  void serve_connection(int fd);
  net::StreamSocket::State read_in(Connection& connection);
  After serve_queries(Connection& connection);
  bool write_out(Connection& connection);
  void begin_transfer(int fd, TransferOrder order);
  void close(int fd);
  void uncount(const net::IpAddress& peer);
  [[nodiscard]] std::optional<SerialSeen> send(Job& job, const std::stop_token& stop);
  void restart_idle_timer(Connection& connection);
  [[nodiscard]] Answer answer(const Query& query);

  ZoneSet& zones_;
  const Clock& clock_;
  Rng& rng_;
  PrimaryCounters counters_;
  FollowerProgress progress_;
  net::SocketAddress address_;
  std::optional<Listening> plain_;  // always there once it has started
  std::unique_ptr<PrimaryIdentity> identity_;
  std::optional<Listening> tls_;
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
