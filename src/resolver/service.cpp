#include "resolver/service.h"

#include <algorithm>

#include "base/log.h"
#include "resolver/block_text.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t dns_port = 53;

/// Adds the zones of `options.rpz` to those that are followed. Null if there are none.
Result<std::shared_ptr<const policy::ThirdParty>> follow_third_parties(ServiceOptions& options) {
  if (options.rpz.empty()) return std::shared_ptr<const policy::ThirdParty>{};
  if (!options.lists.empty()) {
    return fail(ErrorCode::invalid_argument, "it and --list exclude each other");
  }
  std::vector<policy::ThirdPartyZone> zones;
  for (const RpzZone& rpz : options.rpz) zones.push_back(rpz.zone);
  auto third_party = policy::ThirdParty::of(std::move(zones));
  if (!third_party) return third_party;
  if (!options.secondary) options.secondary.emplace();
  const auto& own = options.secondary->zones;
  const auto khiends = own.empty() ? std::nullopt : own.front().primary;
  for (std::size_t i = 0; i < options.rpz.size(); ++i) {
    auto name = dns::Name::from_text(options.rpz[i].zone.name);
    if (!name) return tl::unexpected(std::move(name).error());
    const bool is_taken = std::ranges::any_of(
        options.secondary->zones, [&](const ZoneSubscription& zone) { return zone.name == *name; });
    if (is_taken) {
      return fail(ErrorCode::conflict, "the zone " + options.rpz[i].zone.name + " is khiend's");
    }
    options.secondary->zones.push_back({.name = std::move(*name),
                                        .source = policy::ThirdParty::source_at(i),
                                        .primary = options.rpz[i].zone.on_trial
                                                       ? khiends
                                                       : std::optional{options.rpz[i].primary}});
  }
  return third_party;
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

Service::Service(ServiceOptions options, std::shared_ptr<const policy::ThirdParty> third_party,
                 const Clock& clock, Rng& rng)
    : options_(std::move(options)),
      clock_(clock),
      rng_(rng),
      third_party_(std::move(third_party)),
      store_(options_.snapshot_folder, clock, rng, metrics_),
      reloadables_(metrics_) {
  if (third_party_ != nullptr) store_.set_third_party(third_party_);
}

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
  if (auto checked = check_block_answer(options.block); !checked) {
    return tl::unexpected(std::move(checked).error());
  }
  if (options.allow_from.size() > allowed_prefixes_max) {
    return fail(ErrorCode::limit_exceeded, "--allow-from: at most 4096 prefixes");
  }
  for (const Upstream& upstream : options.upstreams) {
    if (upstream.address.port != 0 &&
        std::ranges::find(options.listen, upstream.address) != options.listen.end()) {
      return fail(ErrorCode::invalid_argument,
                  "--upstream " + to_string(upstream) + " is where we listen ourselves");
    }
  }
  if (options.secondary && !options.lists.empty()) {
    return fail(ErrorCode::invalid_argument, "--primary and --list exclude each other");
  }
  auto third_party = follow_third_parties(options);
  if (!third_party) return propagate(std::move(third_party).error(), "--rpz");
  std::unique_ptr<Service> service{
      new Service(std::move(options), std::move(*third_party), clock, rng)};  // NOLINT
  if (auto prepared = service->prepare_upstreams(); !prepared) {
    return tl::unexpected(std::move(prepared).error());
  }
  if (auto loaded = service->load_rules(); !loaded) {
    return tl::unexpected(std::move(loaded).error());
  }
  if (auto loaded = service->load_policies(); !loaded) {
    return tl::unexpected(std::move(loaded).error());
  }
  if (auto opened = service->open_telemetry(); !opened) {
    return tl::unexpected(std::move(opened).error());
  }
  if (auto bound = service->bind(); !bound) return tl::unexpected(std::move(bound).error());
  if (auto prepared = service->prepare_reports(); !prepared) {
    return tl::unexpected(std::move(prepared).error());
  }
  service->register_reloadables();
  if (service->policies_) service->policies_->listening_on(service->heard_addresses());
  return service;
}

/// Every address that a network of the policy document may be known by.
std::vector<std::string> Service::heard_addresses() const {
  std::vector<std::string> all;
  for (const auto& addresses : {addresses(), dot_addresses(), doh_addresses()}) {
    for (const auto& address : addresses) all.push_back(to_string(address));
  }
  return all;
}

// Each part of a service that can be read again without a restart says so here.
void Service::register_reloadables() {
  if (lists_) reloadables_.add("lists", [this] { return lists_->reload(); });
  if (policies_) reloadables_.add("policies", [this] { return policies_->load(); });
  if (secondary_ && secondary_->has_key_files()) {
    reloadables_.add("transfer_keys", [this] { return secondary_->reload_keys(); });
  }
  if (cookies_ && !options_.cookie_secret_file.empty()) {
    reloadables_.add("cookie_secrets", [this] { return reload_cookie_secrets(); });
  }
  if (reporter_) reloadables_.add("report_key", [this] { return reporter_->reload(); });
}

Result<bool> Service::reload_cookie_secrets() {
  const auto secrets = read_cookie_secrets(options_.cookie_secret_file);
  if (!secrets) return tl::unexpected(secrets.error());
  if (options_.cookie_secrets == *secrets) return false;
  options_.cookie_secrets = *secrets;
  cookies_->publish(std::make_shared<const Cookies>(*secrets, clock_));
  return true;
}

// The key is read and TLS is set up before rights are given up.
Result<void> Service::prepare_reports() {
  if (!options_.report) return {};
  auto reporter = Reporter::open(*options_.report, clock_, rng_, metrics_);
  if (!reporter) return tl::unexpected(std::move(reporter).error());
  reporter_ = std::move(*reporter);
  if (seen_) {
    reporter_->set_new_names({.take = [this] { return seen_->take(); },
                              .put_back = [this](auto names) { seen_->put_back(std::move(names)); },
                              .dropped_total = [this] { return seen_->dropped(); }});
  }
  for (const auto& worker : workers_) reporter_->add_worker(*worker->rules());
  for (RuleTally* rules : streams_->rules()) reporter_->add_worker(*rules);
  return {};
}

void Service::look_at_policies() {
  constexpr std::int64_t look_ms = 1'000;
  policies_->look();
  (void)streams_->first_loop().after(look_ms, [this] { look_at_policies(); });
}

void Service::start() {
  if (policies_) look_at_policies();
  for (auto& worker : workers_) {
    threads_.emplace_back([at = worker.get()](const std::stop_token& stop) { at->run(stop); });
  }
  for (std::size_t i = 0; i < streams_->count(); ++i) {
    threads_.emplace_back([this, i](const std::stop_token& stop) { streams_->run(i, stop); });
  }
  if (secondary_) {
    for (std::size_t i = 0; i < secondary_->primary_count(); ++i) {
      threads_.emplace_back([this, i](const std::stop_token& stop) { secondary_->run(i, stop); });
    }
  }
  if (lists_) {
    threads_.emplace_back([this](const std::stop_token& stop) { lists_->run(stop); });
  }
  start_telemetry();
  if (reporter_) {
    threads_.emplace_back([this](const std::stop_token& stop) { reporter_->run(stop); });
  }
}

void Service::stop() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  if (seen_) seen_->finish();
}

std::vector<net::SocketAddress> Service::addresses() const {
  return workers_.front()->local_addresses();
}

std::vector<net::SocketAddress> Service::dot_addresses() const { return streams_->dot_addresses(); }

std::vector<net::SocketAddress> Service::doh_addresses() const { return streams_->doh_addresses(); }

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
  if (policies_) {
    const std::string problem = policies_->problem();
    if (!problem.empty()) body += "degraded: " + problem + "\n";
  }
  body += upstream_report(upstream_names(), upstream_health());
  if (lists_) {
    if (const std::string why = lists_->error(); !why.empty()) body += why + "\n";
  }
  if (reporter_) {
    if (const std::string why = reporter_->problem(); !why.empty()) body += why + "\n";
  }
  body += streams_->health();
  return {.code = ready || !options_.refuse_without_rules ? 200 : 503, .body = std::move(body)};
}

std::vector<const Counters*> Service::all_counters() const {
  std::vector<const Counters*> counters;
  for (const auto& worker : workers_) counters.push_back(&worker->counters());
  for (const Counters* streams : streams_->counters()) counters.push_back(streams);
  return counters;
}

bool Service::alive() {
  const auto counters = all_counters();
  rounds_seen_.resize(counters.size());
  bool all = true;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const std::uint64_t now = counters[i]->value(Count::rounds);
    all = all && now != std::exchange(rounds_seen_[i], now);
  }
  return all;
}

std::string Service::metrics_text() {
  for (const auto& worker : workers_) worker->read_kernel_drops();
  metrics_.gauge("khien_dnsd_ready", "1 once rules are loaded").set(ready_.load() ? 1 : 0);
  const auto policies = policies_ ? policies_->counted() : std::vector<PolicyRow>{};
  return exposition(all_counters(), {.third_party = third_party_.get(), .policies = policies}) +
         upstream_metrics(upstream_names(), upstream_health()) + metrics_.exposition();
}

StatusPage Service::status_page(std::string_view path) {
  if (path == "/healthz") return health();
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text()};
  }
  return {.code = 404, .body = "there are /healthz and /metrics\n"};
}

}  // namespace khien::resolver
