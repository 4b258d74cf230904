#include "domain.h"

#include <array>
#include <optional>

#include "base/log.h"
#include "cases/schema.h"
#include "cases/settings.h"
#include "evidence/schema.h"
#include "feeds/schema.h"
#include "first_accounts.h"
#include "identity/schema.h"
#include "ledger/schema.h"
#include "own_addresses.h"
#include "pages/catalogue.h"
#include "providers/schema.h"
#include "publish/agreement.h"
#include "recheck/schema.h"
#include "state_folder.h"
#include "tally/schema.h"
#include "version.h"

namespace khien::khiend {
namespace {

/// scheme://host:port gives "host"; an address as host gives "localhost", because a passkey belongs
/// to a name (WebAuthn level 2 section 5.1.2).
std::string relying_party_id(std::string_view public_url) {
  std::string_view rest = public_url.substr(public_url.find("://") + 3);
  rest = rest.substr(0, rest.find('/'));
  const bool is_v6 = rest.starts_with('[');
  const std::string host{rest.substr(0, is_v6 ? rest.find(']') + 1 : rest.find(':'))};
  return is_v6 || net::IpAddress::parse(host) ? "localhost" : host;
}

std::string_view origin_of(std::string_view public_url) {
  return public_url.substr(0, public_url.find('/', public_url.find("://") + 3));
}

Result<void> migrate(store::Database& database, const Clock& clock) {
  // The order of the layers: a table refers only to tables of modules before it.
  const std::array modules{
      store::ModuleMigrations{"ledger", ledger::migrations()},
      store::ModuleMigrations{"evidence", evidence::migrations()},
      store::ModuleMigrations{"identity", identity::migrations()},
      store::ModuleMigrations{"cases", cases::migrations()},
      store::ModuleMigrations{"publish", publish::migrations()},
      store::ModuleMigrations{"tally", tally::migrations()},
      store::ModuleMigrations{"providers", providers::migrations()},
      store::ModuleMigrations{"feeds", feeds::migrations()},
      store::ModuleMigrations{"recheck", recheck::migrations()},
  };
  return database.migrate(modules, clock);
}

}  // namespace

struct Domain::Parts {
  Parts(StateFolder opened, identity::RelyingParty relying_party)
      : state(std::move(opened)), rp(std::move(relying_party)) {}

  SystemClock clock;
  SystemRng rng;
  Metrics metrics;
  StateFolder state;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<evidence::ContentStore> contents;
  Snapshot<cases::ImpactData> impact;
  std::shared_ptr<const cases::ImpactData> first_impact;  // whose suffix list `cases` borrows
  std::optional<cases::Context> cases;
  identity::RelyingParty rp;
  identity::PasswordGate passwords;
  identity::SignInLimits sign_in_limits;
  std::optional<identity::Context> identity;
  std::unique_ptr<pages::Catalogue> catalogue;
  std::unique_ptr<pages::Site> site;
  std::optional<http::EventHub> events;
  api::Health health;
  std::optional<api::Services> services;
};

Domain::Domain(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Domain::~Domain() = default;

Result<std::unique_ptr<Domain>> Domain::open(const Options& options) {
  SystemRng rng;
  auto state = StateFolder::open(options.state, rng);
  if (!state) return tl::unexpected<Error>{std::move(state).error()};
  auto parts = std::make_unique<Parts>(
      std::move(*state),
      identity::RelyingParty{.id = relying_party_id(options.public_url),
                             .name = "Khiên",
                             .origins = {std::string{origin_of(options.public_url)}}});
  Parts& p = *parts;

  auto database = store::Database::open(options.database, {.metrics = &p.metrics});
  if (!database) return propagate(std::move(database).error(), "open the database");
  p.database = std::move(*database);
  if (auto migrated = migrate(*p.database, p.clock); !migrated) {
    return propagate(std::move(migrated).error(), "bring the database up to date");
  }

  auto contents = evidence::ContentStore::open(options.state / "evidence");
  if (!contents) return propagate(std::move(contents).error(), "open the evidence");
  p.contents = std::move(*contents);

  const std::array<std::filesystem::path, 2> folders{options.data, options.state / "lists"};
  auto impact = cases::ImpactData::load(folders, {relying_party_id(options.public_url)});
  if (!impact) return propagate(std::move(impact).error(), "load " + options.data.string());
  p.first_impact = std::make_shared<const cases::ImpactData>(std::move(*impact));
  p.impact.publish(p.first_impact);
  p.cases.emplace(cases::Context{.clock = p.clock,
                                 .rng = p.rng,
                                 .suffixes = p.first_impact->suffixes(),
                                 .contact_key = p.state.seal_key(),
                                 .tell_second_signers = options.mail.has_value()});
  p.identity.emplace(identity::Context{.clock = p.clock,
                                       .rng = p.rng,
                                       .seal_key = p.state.seal_key(),
                                       .server_key = p.state.server_key(),
                                       .rp = p.rp,
                                       .passwords = p.passwords,
                                       .limits = p.sign_in_limits,
                                       .metrics = &p.metrics});

  auto catalogue = pages::Catalogue::load(options.texts);
  if (!catalogue) return propagate(std::move(catalogue).error(), "load " + options.texts.string());
  p.catalogue = std::make_unique<pages::Catalogue>(std::move(*catalogue));
  auto site =
      pages::Site::open([texts = p.catalogue.get()](std::string_view lang, std::string_view key) {
        return std::string{texts->text(lang, key)};
      });
  if (!site) return propagate(std::move(site).error(), "read the pages");
  p.site = std::move(*site);

  p.events.emplace(p.clock, p.metrics);
  p.health.add("database", [raw = p.database.get()]() -> api::PartState {
    const auto answered = raw->ping();
    if (answered) return {};
    return {.condition = api::Condition::down, .words = answered.error().message};
  });
  p.services.emplace(api::Services{.database = *p.database,
                                   .clock = p.clock,
                                   .rng = p.rng,
                                   .metrics = p.metrics,
                                   .cases = *p.cases,
                                   .identity = *p.identity,
                                   .impact = p.impact,
                                   .contents = *p.contents,
                                   .events = *p.events,
                                   .site = *p.site,
                                   .public_url = options.public_url,
                                   .build = std::string{program_version},
                                   .mail = options.mail.has_value(),
                                   .holdings = {},
                                   .own_addresses = [options] { return own_addresses_of(options); },
                                   .probe_work = options.probe_work,
                                   .rechecks = !options.recheck.resolvers.empty(),
                                   .recheck_pages = options.recheck.pages});
  if (auto made = make_first_accounts(*p.services, options); !made) {
    return propagate(std::move(made).error(), "make the first accounts");
  }
  return std::unique_ptr<Domain>{new Domain{std::move(parts)}};
}

const api::Services& Domain::services() const noexcept { return *parts_->services; }
void Domain::set_holdings(feeds::FindHoldings holdings) {
  parts_->services->holdings = std::move(holdings);
}
void Domain::set_publication(std::function<api::PublicationState()> publication,
                             publish::PublicationControl* control) {
  parts_->services->publication = std::move(publication);
  parts_->services->publication_control = control;
}
void Domain::set_lists(publish::ListShelf* lists) { parts_->services->lists = lists; }
void Domain::set_probe_askers(providers::FindAskers askers) {
  parts_->services->probe_askers = std::move(askers);
}
store::Database& Domain::database() noexcept { return *parts_->database; }
const Clock& Domain::clock() const noexcept { return parts_->clock; }
Rng& Domain::rng() noexcept { return parts_->rng; }
Metrics& Domain::metrics() noexcept { return parts_->metrics; }
api::Health& Domain::health() noexcept { return parts_->health; }
http::EventHub& Domain::events() noexcept { return *parts_->events; }

}  // namespace khien::khiend
