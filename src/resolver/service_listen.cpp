// What Service listens on: workers, streams and status, made from its options.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/log.h"
#include "resolver/service.h"

namespace khien::resolver {
namespace {

constexpr std::size_t stream_cache_size = 8U << 20;

/// What the operator can do about `error`, which came from binding.
tl::unexpected<Error> explain(Error error) {
  if (error.message.ends_with(std::strerror(EADDRINUSE))) {
    error.message += " (`ss -lnptu` shows the program that holds the port)";
  } else if (error.code == ErrorCode::denied) {
    error.message +=
        " (ports below 1024 take root, which --user then gives up, or CAP_NET_BIND_SERVICE)";
  }
  return tl::unexpected<Error>{std::move(error)};
}

}  // namespace

std::optional<policy::PrefixTable> Service::allowed_clients() const {
  if (options_.allow_from.empty()) return std::nullopt;
  std::set<net::Prefix> prefixes{options_.allow_from.begin(), options_.allow_from.end()};
  // The primary asks which serials we follow.
  if (options_.secondary) {
    const net::IpAddress& primary = options_.secondary->primary.ip;
    prefixes.insert(net::Prefix::of(primary, primary.bits()));
  }
  std::vector<policy::PrefixTable::Entry> entries;
  for (const net::Prefix& prefix : prefixes) {
    entries.push_back({.prefix = policy::AddressPrefix::of(
                           prefix.base().octets(), static_cast<unsigned>(prefix.length()))});
  }
  auto table = policy::PrefixTable::build(entries);
  KHIEN_ASSERT(table.has_value());  // a set of canonical prefixes
  return std::move(*table);
}

EngineOptions Service::engine_options() const {
  EngineOptions engine{
      .policy = base_policy(),
      .networks = policies_ ? &policies_->published() : nullptr,
      .block = options_.block,
      .cache_size = options_.cache_size,
      .cache_ttl_min_s = options_.cache_ttl_min_s,
      .cache_ttl_max_s = std::max(options_.cache_ttl_max_s, options_.cache_ttl_min_s),
      .refuse_without_rules = options_.refuse_without_rules,
      .cookies = cookies_.get(),
      .clients = allowed_clients(),
      .drop_refused_clients = options_.drop_refused_clients,
      .counting = {.policies = policies_ != nullptr, .rules = options_.report.has_value()}};
  for (const Upstream& upstream : all_upstreams()) engine.protocols.push_back(upstream.protocol);
  Route everything{.zone = {0}, .upstreams = {}};
  std::uint16_t number = 0;
  for (; number < options_.upstreams.size(); ++number) everything.upstreams.push_back(number);
  engine.routes.push_back(std::move(everything));
  for (const Forward& forward : options_.forwards) {
    const Octets zone = to_octets(forward.zone.lower().wire());
    const auto known = std::ranges::find(engine.routes, zone, &Route::zone);
    if (known != engine.routes.end()) {
      known->upstreams.push_back(number++);
    } else {
      engine.routes.push_back({.zone = zone, .upstreams = {number++}});
    }
  }
  return engine;
}

void Service::log_receive_buffer() const {
  const int granted = workers_.front()->receive_buffer_size();
  if (granted >= udp_receive_buffer_size) {
    KHIEN_LOG(info, "udp_receive_buffer", {"octets", granted});
    return;
  }
  KHIEN_LOG(warning, "udp_receive_buffer_small", {"octets", granted},
            {"wanted", udp_receive_buffer_size},
            {"effect", "bursts are dropped: khien_dnsd_dropped_total{why=\"receive_buffer\"}"},
            {"remedy", "sysctl net.core.rmem_max=" + std::to_string(udp_receive_buffer_size) +
                           ", or start with CAP_NET_ADMIN"});
}

Result<void> Service::listen(const WorkerShared& shared) {
  auto listen = options_.listen;
  for (std::size_t i = 0; i < options_.workers; ++i) {
    EngineOptions engine = engine_options();
    add_telemetry(engine);
    auto worker = UdpWorker::open({.listen = listen,
                                   .upstreams = all_upstreams(),
                                   .upstream_tls = upstream_tls_,
                                   .engine = std::move(engine),
                                   .proxies = options_.streams.proxies},
                                  shared);
    if (!worker) return tl::unexpected(std::move(worker).error());
    listen = (*worker)->local_addresses();  // the others share the port that the first one took
    workers_.push_back(std::move(*worker));
  }
  EngineOptions stream_engine = engine_options();
  stream_engine.tcp_upstream = true;
  stream_engine.cache_size = std::min(options_.cache_size, stream_cache_size);
  auto streams =
      StreamThreads::open(options_.streams,
                          {.plain = listen,
                           .upstreams = all_upstreams(),
                           .upstream_tls = upstream_tls_,
                           .engine = std::move(stream_engine),
                           .per_thread = [this](EngineOptions& engine) { add_telemetry(engine); }},
                          shared, metrics_);
  if (!streams) return tl::unexpected(std::move(streams).error());
  streams_ = std::move(*streams);
  return {};
}

Result<void> Service::bind() {
  if (options_.cookies) {
    cookies_ = std::make_unique<Snapshot<Cookies>>(std::make_shared<const Cookies>(
        options_.cookie_secrets.value_or(CookieSecrets::random(rng_)), clock_));
  }
  if (options_.secondary) {
    secondary_ =
        std::make_unique<Secondary>(*options_.secondary, store_, ready_, clock_, rng_, metrics_);
    notify_ = [this](Bytes message, const net::IpAddress& from, std::span<std::uint8_t> out) {
      return secondary_->notified(message, from, out);
    };
  }
  net::ListeningSockets new_ones;
  net::ListeningSockets& sockets = options_.sockets != nullptr ? *options_.sockets : new_ones;
  const WorkerShared shared{.rules = store_.published(),
                            .ready = ready_,
                            .clock = clock_,
                            .rng = rng_,
                            .notify = notify_,
                            .sockets = &sockets};
  // A port that the kernel chooses must be free for both: UDP takes it first, TCP follows, a few
  // times over.
  constexpr int bind_attempts_max = 8;
  const bool chosen =
      std::ranges::any_of(options_.listen, [](const auto& a) { return a.port == 0; });
  for (int attempt = 1;; ++attempt) {
    auto listening = listen(shared);
    if (listening) break;
    if (!chosen || attempt == bind_attempts_max) return explain(std::move(listening).error());
    workers_.clear();
    forget_telemetry();
    sockets.forget_bound();
  }
  log_receive_buffer();
  if (auto ready = set_up_xdp(); !ready) return ready;
  if (options_.status) {
    auto listener = sockets.tcp({.address = *options_.status});
    if (!listener) return explain(std::move(listener).error());
    auto status = StatusServer::open(std::move(*listener), streams_->first_loop(),
                                     [this](std::string_view path) { return status_page(path); });
    if (!status) return tl::unexpected(std::move(status).error());
    status_ = std::move(*status);
  }
  return {};
}

}  // namespace khien::resolver
