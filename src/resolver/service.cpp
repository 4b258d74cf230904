#include "resolver/service.h"

#include <algorithm>

#include "base/log.h"
#include "resolver/list_files.h"
#include "resolver/snapshot_disk.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t tcp_cache_size = 8U << 20;

policy::SourceMask base_sources() {
  using policy::mask_of;
  return mask_of(policy::source_pass) | mask_of(Basis::emergency) | mask_of(Basis::orders) |
         mask_of(Basis::feeds);
}

bool same_lists(const std::vector<policy::ZoneState>& a, const std::vector<policy::ZoneState>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.name == y.name && x.source == y.source && x.stamp == y.stamp;
  });
}

}  // namespace

std::vector<net::SocketAddress> resolv_conf_servers(std::string_view text) {
  constexpr std::string_view word = "nameserver";
  std::vector<net::SocketAddress> servers;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(word)) continue;
    line.remove_prefix(word.size());
    const auto begin = line.find_first_not_of(" \t");
    if (begin == 0 || begin == std::string_view::npos) continue;
    line.remove_prefix(begin);
    auto ip = net::IpAddress::parse(line.substr(0, line.find_first_of(" \t\r")));
    if (ip && servers.size() < upstreams_max) servers.push_back({.ip = *ip, .port = dns_port});
  }
  return servers;
}

Service::Service(ServiceOptions options, const Clock& clock, Rng& rng)
    : options_(std::move(options)),
      clock_(clock),
      rng_(rng),
      store_(options_.snapshot_folder, clock, rng, metrics_) {}

Service::~Service() { stop(); }

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options, const Clock& clock,
                                               Rng& rng) {
  if (options.listen.empty()) return fail(ErrorCode::invalid_argument, "--listen is missing");
  if (options.workers == 0 || options.workers > workers_max) {
    return fail(ErrorCode::invalid_argument, "--workers must be 1..256");
  }
  if (options.upstreams.empty() ||
      options.upstreams.size() + options.forwards.size() > upstreams_max) {
    return fail(ErrorCode::invalid_argument, "--upstream: give 1..16, with --forward");
  }
  if (options.secondary && !options.lists.empty()) {
    return fail(ErrorCode::invalid_argument, "--primary and --list exclude each other");
  }
  std::unique_ptr<Service> service{new Service(std::move(options), clock, rng)};  // NOLINT
  if (auto loaded = service->load_rules(); !loaded) {
    return tl::unexpected(std::move(loaded).error());
  }
  if (auto bound = service->bind(); !bound) return tl::unexpected(std::move(bound).error());
  return service;
}

Result<void> Service::load_lists() {
  auto zones = stamp_lists(options_.lists);
  if (!zones) return tl::unexpected(std::move(zones).error());
  const auto loaded = store_.load();
  if (loaded && same_lists(store_.rules().zones, *zones)) {
    KHIEN_LOG(info, "snapshot_mapped", {"names", store_.rules().base->name_count()});
    return {};
  }
  if (!loaded && loaded.error().code == ErrorCode::corrupt) {
    KHIEN_LOG(error, "snapshot_refused", {"why", loaded.error().message});
  }
  auto table = compile_lists(options_.lists, policy::HashKey::random(rng_));
  if (!table) return tl::unexpected(std::move(table).error());
  if (auto replaced = store_.replace(std::move(*table), std::move(*zones)); !replaced) {
    return replaced;
  }
  // A folder that cannot be written costs the fast start only.
  if (options_.snapshot_folder.empty()) return {};
  if (auto saved = store_.save(); !saved) {
    KHIEN_LOG(warning, "snapshot_not_saved", {"why", saved.error().message});
  }
  return {};
}

Result<void> Service::load_rules() {
  std::error_code ignored;
  if (!options_.snapshot_folder.empty()) {
    std::filesystem::create_directories(options_.snapshot_folder, ignored);
  }
  if (!options_.secondary) {
    if (!options_.lists.empty()) {
      if (auto loaded = load_lists(); !loaded) return loaded;
    }
    ready_ = true;  // no list at all is what the operator asked for: a plain forwarder
    return {};
  }
  const auto loaded = store_.load();
  store_.keep_journal();
  if (loaded) {
    ready_ = true;
    KHIEN_LOG(info, "snapshot_mapped", {"names", store_.rules().base->name_count()});
  } else if (loaded.error().code == ErrorCode::corrupt) {
    KHIEN_LOG(error, "snapshot_refused", {"why", loaded.error().message});
    metrics_.counter("khien_dnsd_snapshot_refused_total", "Snapshots found damaged at the start")
        .add();
  } else {
    KHIEN_LOG(warning, "no_snapshot", {"why", loaded.error().message});
  }
  return {};
}

std::vector<net::SocketAddress> Service::all_upstreams() const {
  auto all = options_.upstreams;
  for (const Forward& forward : options_.forwards) all.push_back(forward.upstream);
  return all;
}

EngineOptions Service::engine_options() const {
  EngineOptions engine{.policy = {.sources = base_sources() | options_.choices},
                       .block = options_.block,
                       .cache_size = options_.cache_size,
                       .refuse_without_rules = options_.refuse_without_rules};
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
    auto worker = UdpWorker::open(
        {.listen = listen, .upstreams = all_upstreams(), .engine = engine_options()}, shared);
    if (!worker) return tl::unexpected(std::move(worker).error());
    listen = (*worker)->local_addresses();  // the others share the port that the first one took
    workers_.push_back(std::move(*worker));
  }
  EngineOptions tcp_engine = engine_options();
  tcp_engine.tcp_upstream = true;
  tcp_engine.cache_size = std::min(options_.cache_size, tcp_cache_size);
  auto tcp = TcpServer::open(
      {.listen = listen, .upstreams = all_upstreams(), .engine = std::move(tcp_engine)}, shared,
      *loop_);
  if (!tcp) return tl::unexpected(std::move(tcp).error());
  tcp_ = std::move(*tcp);
  return {};
}

Result<void> Service::bind() {
  auto loop = net::EventLoop::open(clock_);
  if (!loop) return tl::unexpected(std::move(loop).error());
  loop_ = std::move(*loop);
  if (options_.secondary) {
    secondary_ =
        std::make_unique<Secondary>(*options_.secondary, store_, ready_, clock_, rng_, metrics_);
    notify_ = [this](Bytes message, const net::IpAddress& from, std::span<std::uint8_t> out) {
      return secondary_->notified(message, from, out);
    };
  }
  const WorkerShared shared{.rules = store_.published(),
                            .ready = ready_,
                            .clock = clock_,
                            .rng = rng_,
                            .notify = notify_};
  // A port that the kernel chooses must be free for both: UDP takes it first, TCP follows, a few
  // times over.
  constexpr int bind_attempts_max = 8;
  const bool chosen =
      std::ranges::any_of(options_.listen, [](const auto& a) { return a.port == 0; });
  for (int attempt = 1;; ++attempt) {
    auto listening = listen(shared);
    if (listening) break;
    if (!chosen || attempt == bind_attempts_max) return listening;
    workers_.clear();
  }
  log_receive_buffer();
  if (options_.status) {
    auto status = StatusServer::open(*options_.status, *loop_,
                                     [this](std::string_view path) { return status_page(path); });
    if (!status) return tl::unexpected(std::move(status).error());
    status_ = std::move(*status);
  }
  return {};
}

void Service::start() {
  for (auto& worker : workers_) {
    threads_.emplace_back([at = worker.get()](const std::stop_token& stop) { at->run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) {
    const std::stop_callback on_stop{stop, [this] { loop_->stop(); }};
    loop_->run();
  });
  if (secondary_) {
    threads_.emplace_back([this](const std::stop_token& stop) { secondary_->run(stop); });
  }
}

void Service::stop() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

std::vector<net::SocketAddress> Service::addresses() const {
  return workers_.front()->local_addresses();
}

std::optional<net::SocketAddress> Service::status_address() const {
  return status_ ? std::optional{status_->local_address()} : std::nullopt;
}

StatusPage Service::health() {
  const bool ready = ready_.load();
  std::string body = ready ? "ok\n" : "not ready: no rules loaded yet\n";
  if (secondary_) {
    for (const auto& zone : secondary_->status()) {
      body += zone.name + (zone.loaded ? " serial " + std::to_string(zone.serial) : " not loaded");
      if (!zone.error.empty()) body += " (" + zone.error + ")";
      body += "\n";
    }
  }
  return {.code = ready || !options_.refuse_without_rules ? 200 : 503, .body = std::move(body)};
}

std::string Service::metrics_text() {
  std::vector<const Counters*> counters;
  for (const auto& worker : workers_) {
    worker->read_kernel_drops();
    counters.push_back(&worker->counters());
  }
  counters.push_back(&tcp_->counters());
  metrics_.gauge("khien_dnsd_ready", "1 once rules are loaded").set(ready_.load() ? 1 : 0);
  return exposition(counters) + metrics_.exposition();
}

StatusPage Service::status_page(std::string_view path) {
  if (path == "/healthz") return health();
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text()};
  }
  return {.code = 404, .body = "there are /healthz and /metrics\n"};
}

}  // namespace khien::resolver
