#include "http/server.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <thread>

#include "base/log.h"
#include "http/session.h"

namespace khien::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::int64_t accept_retry_ms = 100;  // after a failed accept, mostly too many descriptors

net::IpAddress to_ip(const asio::ip::address& address) {
  if (address.is_v4()) return net::IpAddress::v4(address.to_v4().to_bytes());
  return net::IpAddress::v6(address.to_v6().to_bytes()).unmapped();
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsFiles& files) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1 | asio::ssl::context::single_dh_use,
                   error);
  if (!error) tls->use_certificate_chain_file(files.certificate.string(), error);
  if (!error) tls->use_private_key_file(files.key.string(), asio::ssl::context::pem, error);
  if (error) {
    return fail(ErrorCode::invalid_argument, "read TLS certificate " + files.certificate.string() +
                                                 " and key: " + error.message());
  }
  return tls;
}

}  // namespace

Core::Core(ServerOptions o, Router r, const Clock& c, Metrics& metrics)
    : options(std::move(o)),
      router(std::move(r)),
      clock(c),
      limiter(options.rate_classes, c, metrics),
      pool(options.workers),
      header_too_large(
          metrics.counter("khien_http_header_too_large_total", "Requests answered 431")),
      body_too_large(metrics.counter("khien_http_body_too_large_total", "Requests answered 413")),
      timed_out(metrics.counter("khien_http_request_timeouts_total",
                                "Requests that did not arrive in time")),
      malformed(metrics.counter("khien_http_malformed_total", "Requests that break HTTP")),
      queue_full(metrics.counter("khien_http_workers_full_total",
                                 "Requests refused because the workers' queue was full")),
      queue_waited(metrics.counter("khien_http_workers_late_total",
                                   "Requests refused because they waited too long for a worker")) {
  const auto make_counters = [&](std::string_view method, std::string_view path) {
    RouteCounters made;
    for (std::size_t i = 0; i < std::size(made.by_class); ++i) {
      made.by_class[i] = &metrics.counter(
          "khien_http_requests_total", "Answers by route and class of status",
          fmt::format(R"(method="{}",route="{}",status="{}xx")", method, path, i + 1));
    }
    return made;
  };
  counters.emplace(nullptr, make_counters("", "none"));
  for (const auto& route : router.routes()) {
    counters.emplace(&route, make_counters(to_string(route.method), route.path));
  }
}

struct Server::Impl {
  struct Sessions {
    std::map<std::uint64_t, std::weak_ptr<Session>> by_number;
    std::map<net::IpAddress, std::size_t> by_client;
    std::uint64_t next_number = 1;
  };
  struct Listener {
    tcp::acceptor acceptor;
    std::unique_ptr<asio::ssl::context> tls;
  };

  Impl(ServerOptions options, Router router, const Clock& clock, Metrics& metrics)
      : core(std::move(options), std::move(router), clock, metrics),
        io(static_cast<int>(core.options.io_threads)),
        work(io.get_executor()),
        connections(metrics.gauge("khien_http_connections", "Connections now")),
        refused(metrics.counter("khien_http_connections_refused_total",
                                "Connections refused because there were too many")) {}

  Result<void> listen(const ListenOptions& options);
  asio::awaitable<void> accept_all(Listener& listener);
  void admit(tcp::socket socket, Listener& listener);
  /// The number of the new session, or nullopt at a limit.
  std::optional<std::uint64_t> register_client(const net::IpAddress& peer);
  void forget(std::uint64_t number, const net::IpAddress& peer);
  void for_each_session(void (Session::*act)());
  bool wait_until_empty(std::int64_t timeout_ms);

  Core core;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<net::SocketAddress> addresses;
  Guarded<Sessions> sessions;
  Metric& connections;
  Metric& refused;
  std::vector<std::jthread> threads;
  bool stopped = false;
};

Result<void> Server::Impl::listen(const ListenOptions& options) {
  std::unique_ptr<asio::ssl::context> tls;
  if (options.tls) {
    auto made = make_tls(*options.tls);
    if (!made) return tl::unexpected(std::move(made).error());
    tls = std::move(*made);
  }
  error_code error;
  const auto ip = asio::ip::make_address(to_string(options.address.ip), error);
  tcp::acceptor acceptor{asio::make_strand(io)};
  const tcp::endpoint endpoint{ip, options.address.port};
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error && ip.is_v6()) acceptor.set_option(asio::ip::v6_only{true}, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::unavailable,
                "listen on " + to_string(options.address) + ": " + error.message());
  }
  addresses.push_back({.ip = options.address.ip, .port = acceptor.local_endpoint(error).port()});
  listeners.push_back(
      std::make_unique<Listener>(Listener{.acceptor = std::move(acceptor), .tls = std::move(tls)}));
  return {};
}

asio::awaitable<void> Server::Impl::accept_all(Listener& listener) {
  while (!core.stopping.load()) {
    error_code error;
    tcp::socket socket = co_await listener.acceptor.async_accept(
        asio::make_strand(io), asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      admit(std::move(socket), listener);
      continue;
    }
    if (core.stopping.load() || error == asio::error::operation_aborted) co_return;
    KHIEN_LOG(warning, "accept_failed", {"why", error.message()});
    asio::steady_timer pause{listener.acceptor.get_executor()};
    pause.expires_after(std::chrono::milliseconds{accept_retry_ms});
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

std::optional<std::uint64_t> Server::Impl::register_client(const net::IpAddress& peer) {
  const auto& limits = core.options.limits;
  bool is_proxy = false;
  for (const auto& proxy : core.options.trusted_proxies) is_proxy |= proxy.contains(peer);
  auto all = sessions.lock();
  if (all->by_number.size() >= limits.connections_max) return std::nullopt;
  auto& of_client = all->by_client[peer];
  if (!is_proxy && of_client >= limits.connections_per_client_max) return std::nullopt;
  ++of_client;
  const std::uint64_t number = all->next_number++;
  all->by_number.emplace(number, std::weak_ptr<Session>{});
  connections.add(1);
  return number;
}

void Server::Impl::forget(std::uint64_t number, const net::IpAddress& peer) {
  {
    auto all = sessions.lock();
    all->by_number.erase(number);
    if (const auto found = all->by_client.find(peer); found != all->by_client.end()) {
      if (--found->second == 0) all->by_client.erase(found);
    }
    connections.add(-1);
  }
  sessions.notify_all();
}

void Server::Impl::admit(tcp::socket socket, Listener& listener) {
  error_code error;
  const auto peer = to_ip(socket.remote_endpoint(error).address());
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay{true}, error);
  const auto number = register_client(peer);
  if (!number) {
    refused.add();
    if (listener.tls == nullptr) {
      static constexpr std::string_view sorry =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n";
      socket.non_blocking(true, error);
      socket.send(asio::const_buffer{sorry.data(), sorry.size()}, 0, error);
    }
    return;
  }
  const auto strand = socket.get_executor();
  auto session =
      std::make_shared<Session>(core, make_transport(std::move(socket), listener.tls.get()), peer);
  sessions.lock()->by_number[*number] = session;
  asio::co_spawn(
      strand, [session] { return session->run(); },
      [this, session, number = *number, peer](const std::exception_ptr& thrown) {
        if (thrown) KHIEN_LOG(error, "session_threw");
        forget(number, peer);
      });
}

void Server::Impl::for_each_session(void (Session::*act)()) {
  std::vector<std::shared_ptr<Session>> alive;
  {
    auto all = sessions.lock();
    for (const auto& [number, session] : all->by_number) {
      if (auto held = session.lock()) alive.push_back(std::move(held));
    }
  }
  for (const auto& session : alive) ((*session).*act)();
}

bool Server::Impl::wait_until_empty(std::int64_t timeout_ms) {
  auto all = sessions.lock();
  return all.wait_for(std::chrono::milliseconds{timeout_ms},
                      [](const Sessions& s) { return s.by_number.empty(); });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router,
                                              const Clock& clock, Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(router), clock, metrics);
  for (const auto& listen : impl->core.options.listen) {
    if (auto listening = impl->listen(listen); !listening) {
      return tl::unexpected(std::move(listening).error());
    }
  }
  for (auto& listener : impl->listeners) {
    asio::co_spawn(
        listener->acceptor.get_executor(),
        [raw = impl.get(), to = listener.get()] { return raw->accept_all(*to); }, asio::detached);
  }
  for (std::size_t i = 0; i < impl->core.options.io_threads; ++i) {
    impl->threads.emplace_back([raw = impl.get()] { raw->io.run(); });
  }
  return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

const std::vector<net::SocketAddress>& Server::addresses() const noexcept {
  return impl_->addresses;
}

void Server::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->core.stopping.store(true);
  for (auto& listener : impl_->listeners) {
    asio::post(listener->acceptor.get_executor(), [to = listener.get()] {
      error_code ignored;
      to->acceptor.close(ignored);
    });
  }
  impl_->for_each_session(&Session::drain);
  if (!impl_->wait_until_empty(impl_->core.options.limits.drain_timeout_ms)) {
    KHIEN_LOG(warning, "connections_cut");
    impl_->for_each_session(&Session::abort);
    impl_->wait_until_empty(impl_->core.options.limits.drain_timeout_ms);
  }
  // Workers end before the threads that take their answers.
  impl_->core.pool.stop();
  impl_->work.reset();
  impl_->io.stop();
  impl_->threads.clear();
}

}  // namespace khien::http
