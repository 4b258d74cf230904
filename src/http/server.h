// The HTTP/1.1 server: listeners, limits, the route table and the gate before it. Input and output
// run on its own threads, handlers on a bounded pool of workers. No HTTP/2, no WebSocket: a proxy
// in front can speak the first, event streams replace the second.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/message.h"
#include "http/rate_limit.h"
#include "http/router.h"
#include "http/worker_pool.h"
#include "net/address.h"

namespace khien::http {

/// What a connection may use. Defaults are what we run with; tests lower them to reach them.
struct ServerLimits {
  std::size_t header_size_max = 16UL * 1024;        ///< octets of request line and headers: 431
  std::size_t header_count_max = 100;               ///< headers: 431
  std::size_t connections_max = 1'024;              ///< more are answered 503 and closed
  std::size_t connections_per_client_max = 128;     ///< by address, proxies exempt: as above
  std::size_t requests_per_connection_max = 1'000;  ///< then the connection is closed in order
  std::int64_t idle_timeout_ms = 30'000;            ///< between requests: closed
  std::int64_t header_timeout_ms = 10'000;          ///< first to last octet of a head: 408
  std::int64_t body_timeout_ms = 30'000;            ///< of a whole ordinary body: 408
  std::int64_t upload_timeout_ms = 120'000;         ///< of a whole upload: 408
  std::int64_t write_timeout_ms = 30'000;           ///< for 64 KB of an answer: closed
  std::int64_t queue_timeout_ms = 10'000;           ///< waiting for a worker: 503
  std::int64_t drain_timeout_ms = 10'000;           ///< stop() waits so long for running requests
};

struct TlsFiles {
  std::filesystem::path certificate;  ///< PEM, the chain from the leaf on
  std::filesystem::path key;          ///< PEM
};

struct ListenOptions {
  net::SocketAddress address;  ///< port 0: a free one
  std::optional<TlsFiles> tls = {};
};

/// The answer to a request that never reached a handler. `request` has what was read so far.
using ErrorPage = std::function<Response(const Request& request, const Error& error, int status)>;

struct ServerOptions {
  std::vector<ListenOptions> listen = {};
  std::size_t io_threads = 1;
  WorkerPool::Options workers = {};
  std::vector<net::Prefix> trusted_proxies = {};  ///< whose X-Forwarded-For and -Proto we believe
  ServerLimits limits = {};
  std::vector<RateClass> rate_classes = {};
  Gate gate = {};             ///< none: every route is open; for tests and block pages
  ErrorPage error_page = {};  ///< none: problem()
};

class Server {
 public:
  /// Listens and serves at once. `clock` and `metrics` are borrowed. unavailable if an address
  /// cannot be bound; invalid_argument for unreadable TLS files.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Router router,
                                                             const Clock& clock, Metrics& metrics);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Where it listens, in the order of ServerOptions::listen, with the ports that it got.
  [[nodiscard]] const std::vector<net::SocketAddress>& addresses() const noexcept;

  /// Stops accepting, closes idle connections, lets running requests end, then joins all threads.
  /// Close event hubs first: a stream ends only with its hub. Not from a handler.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace khien::http
