#include "khiend.h"

#include "api/block_listener.h"
#include "api/gate.h"
#include "api/public_pages.h"
#include "api/rates.h"
#include "api/routes.h"
#include "api/routes_accounts.h"
#include "api/routes_deadlines.h"
#include "api/routes_feeds.h"
#include "api/routes_lists.h"
#include "api/routes_proof.h"
#include "api/routes_session.h"
#include "api/routes_system.h"
#include "base/log.h"
#include "domain.h"
#include "ledger/sequencer.h"
#include "nonce_responder.h"
#include "publication.h"
#include "timers.h"
#include "version.h"

namespace khien::khiend {
namespace {

/// The log is named after where it is served at first, so that its proofs say whose it is.
Result<ledger::LogKey> open_log_key(Domain& domain, const Options& options) {
  const auto name = options.public_url.substr(options.public_url.find("://") + 3) + "/ledger";
  auto key =
      ledger::load_or_create_log_key(options.state / "keys" / "ledger.key", name, domain.rng());
  if (!key) return propagate(std::move(key).error(), "open the ledger's key");
  return key;
}

Result<std::vector<http::Route>> all_routes(Domain& domain, const Options& options) {
  std::vector<http::Route> routes;
  const auto& services = domain.services();
  api::add_session_routes(routes, services);
  api::add_factor_routes(routes, services);
  api::add_overview_routes(routes, services);
  api::add_deadline_routes(routes, services);
  api::add_account_routes(routes, services);
  api::add_case_routes(routes, services);
  api::add_report_routes(routes, services);
  api::add_evidence_routes(routes, services);
  api::add_order_routes(routes, services);
  api::add_appeal_routes(routes, services);
  api::add_objection_routes(routes, services);
  api::add_register_routes(routes, services);
  api::add_recheck_routes(routes, services);
  api::add_feed_routes(routes, services);
  api::add_tally_routes(routes, services);
  api::add_publication_routes(routes, services);
  api::add_list_routes(routes, services);
  api::add_provider_routes(routes, services);
  api::add_gate_routes(routes, services);
  api::add_public_pages(routes, services);
  api::add_system_routes(routes, services, domain.health(),
                         {.web = options.web, .ledger = options.state / "ledger"});
  // Without the worker's role the log is written elsewhere, and a key made here would be another's.
  if (options.worker || std::filesystem::exists(options.state / "keys" / "ledger.key")) {
    auto key = open_log_key(domain, options);
    if (!key) return tl::unexpected<Error>{std::move(key).error()};
    api::add_proof_routes(routes, services,
                          {.ledger = options.state / "ledger", .verifier = key->verifier()});
  }
  return routes;
}

/// What a request that reached no handler gets: a page for a browser, JSON for a program.
http::ErrorPage make_error_page(const api::Services& services) {
  return [&services](const http::Request& request, const Error& error, int status) {
    const auto accept = request.headers.find("Accept").value_or("");
    const bool wants_page = accept.find("text/html") != std::string_view::npos;
    if (wants_page && !request.path.starts_with("/api/")) {
      return api::error_page(services, request, error, status);
    }
    return http::problem(error, status);
  };
}

Result<std::unique_ptr<http::Server>> start_server(Domain& domain, const Options& options) {
  auto routes = all_routes(domain, options);
  if (!routes) return tl::unexpected<Error>{std::move(routes).error()};
  auto router = http::Router::build(std::move(*routes));
  if (!router) return tl::unexpected<Error>{std::move(router).error()};
  http::ServerOptions server;
  for (const auto& address : options.listen) {
    server.listen.push_back({.address = address, .tls = options.tls});
  }
  server.trusted_proxies = options.trusted_proxies;
  server.rate_classes = api::rate_classes();
  server.gate = api::make_gate(domain.services(), {.local = options.metrics_from});
  server.error_page = make_error_page(domain.services());
  return http::Server::start(std::move(server), std::move(*router), domain.clock(),
                             domain.metrics());
}

/// Where browsers are led that open a blocked name. Apart from the officers' server, so that a
/// crowd at a popular block holds up nobody's work.
Result<std::unique_ptr<http::Server>> start_block_listener(Domain& domain, const Options& options) {
  auto router = http::Router::build(api::block_listener_routes(domain.services()));
  if (!router) return tl::unexpected<Error>{std::move(router).error()};
  http::ServerOptions server;
  for (const auto& address : options.block_listen) server.listen.push_back({.address = address});
  server.workers.threads = 1;
  server.rate_classes = api::rate_classes();
  return http::Server::start(std::move(server), std::move(*router), domain.clock(),
                             domain.metrics());
}

Result<std::unique_ptr<ledger::SequencerThread>> start_sequencer(Domain& domain,
                                                                 const Options& options) {
  auto key = open_log_key(domain, options);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  return std::make_unique<ledger::SequencerThread>(
      domain.database(), domain.clock(), *key,
      ledger::SequencerOptions{
          .folder = options.state / "ledger",
          // Of two with the same key each is one of its own.
          .holder = options.pair.empty() ? key->name() : key->name() + " " + options.pair,
          .metrics = &domain.metrics()});
}

Result<std::unique_ptr<NonceResponder>> start_nonces(Domain& domain, const Options& options) {
  auto zone = dns::Name::from_text(*options.probe_work.nonce_zone);
  if (!zone) return tl::unexpected<Error>{std::move(zone).error()};
  return NonceResponder::start(*options.nonce_listen, std::move(*zone), domain.clock(),
                               domain.metrics());
}

}  // namespace

// Destroyed from the last to the first: what is used outlives its users.
struct Khiend::Parts {
  Options options;
  std::vector<net::SocketAddress> http_addresses;
  std::unique_ptr<Domain> domain;
  std::unique_ptr<ledger::SequencerThread> sequencer;
  std::unique_ptr<Publication> publication;
  std::unique_ptr<NonceResponder> nonces;
  std::unique_ptr<Timers> timers;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> block_listener;
};

Khiend::Khiend(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Khiend::~Khiend() { stop(); }

Result<std::unique_ptr<Khiend>> Khiend::start(const Options& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  auto domain = Domain::open(options);
  if (!domain) return tl::unexpected<Error>{std::move(domain).error()};
  parts->domain = std::move(*domain);
  if (options.worker) {
    // The key first: of two publishers each looks whether the other has the same ones.
    if (auto key = open_log_key(*parts->domain, options); !key) {
      return tl::unexpected<Error>{std::move(key).error()};
    }
  }
  if (options.publisher) {
    auto publication = Publication::start(*parts->domain, options);
    if (!publication) return tl::unexpected<Error>{std::move(publication).error()};
    parts->publication = std::move(*publication);
    parts->domain->set_holdings([zones = parts->publication.get()](std::string_view name) {
      return zones->holdings(name);
    });
    parts->domain->set_publication(
        [publication = parts->publication.get()] { return publication->state(); },
        &parts->publication->control());
    parts->domain->set_lists(&parts->publication->lists());
  }
  if (options.worker) {
    auto sequencer = start_sequencer(*parts->domain, options);
    if (!sequencer) return tl::unexpected<Error>{std::move(sequencer).error()};
    parts->sequencer = std::move(*sequencer);
  }
  if (options.nonce_listen) {
    auto nonces = start_nonces(*parts->domain, options);
    if (!nonces) return tl::unexpected<Error>{std::move(nonces).error()};
    parts->nonces = std::move(*nonces);
    parts->domain->set_probe_askers(
        [asked = parts->nonces.get()](std::string_view name) { return asked->askers(name); });
  }
  parts->timers = std::make_unique<Timers>(*parts->domain, options);
  if (options.api) {
    auto server = start_server(*parts->domain, options);
    if (!server) return tl::unexpected<Error>{std::move(server).error()};
    parts->server = std::move(*server);
    parts->http_addresses = parts->server->addresses();
    for (const auto& address : parts->http_addresses) {
      KHIEN_LOG(info, "serving", {"http", to_string(address)}, {"version", program_version});
    }
  }
  if (options.api && !options.block_listen.empty()) {
    auto listener = start_block_listener(*parts->domain, options);
    if (!listener) return tl::unexpected<Error>{std::move(listener).error()};
    parts->block_listener = std::move(*listener);
    for (const auto& address : parts->block_listener->addresses()) {
      KHIEN_LOG(info, "serving", {"block_pages", to_string(address)});
    }
  }
  return std::unique_ptr<Khiend>{new Khiend{std::move(parts)}};
}

const std::vector<net::SocketAddress>& Khiend::http_addresses() const noexcept {
  return parts_->http_addresses;
}
const api::Services& Khiend::services() const noexcept { return parts_->domain->services(); }
Result<std::vector<http::Route>> Khiend::routes() const {
  return all_routes(*parts_->domain, parts_->options);
}

void Khiend::stop() {
  // Streams end only with their hub, and the server drains until they have.
  if (parts_->domain) parts_->domain->events().close();
  if (parts_->server) parts_->server->stop();
  parts_->block_listener.reset();
  parts_->timers.reset();
  parts_->server.reset();
  if (parts_->domain) {
    parts_->domain->set_holdings({});
    parts_->domain->set_publication({}, nullptr);
    parts_->domain->set_lists(nullptr);
    parts_->domain->set_probe_askers({});
  }
  parts_->nonces.reset();
  parts_->publication.reset();
  parts_->sequencer.reset();
  parts_->domain.reset();
}

}  // namespace khien::khiend
