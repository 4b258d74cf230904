#include "publication.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/guarded.h"
#include "base/log.h"
#include "cases/publication.h"
#include "codec/hex.h"
#include "feeds/set_agreement.h"
#include "feeds/set_publisher.h"
#include "feeds/subscriptions.h"
#include "free_memory.h"
#include "own_addresses.h"
#include "pair_health.h"
#include "progress_keeper.h"
#include "publish/agreement.h"
#include "publish/canaries.h"
#include "publish/case_publications.h"
#include "publish/control_socket.h"
#include "publish/follower_file.h"
#include "publish/followers.h"
#include "publish/good_names.h"
#include "publish/list_key.h"
#include "publish/list_shelf.h"
#include "publish/pair.h"
#include "publish/pair_keys.h"
#include "publish/primary.h"
#include "publish/publisher.h"
#include "publish/serial_floor.h"
#include "publish/zone_set.h"
#include "timer_thread.h"

namespace khien::khiend {
namespace {

using namespace std::chrono_literals;

constexpr auto followers_poll = 1s;  // how soon a change of followers.json counts
constexpr auto agreement_interval = 1min;
/// Of the pair alone: a lease that waits for a crowd of requests would change hands.
constexpr store::DatabaseOptions pair_connections{
    .connections_max = 3, .connection_wait_ms = 2'000, .statement_timeout_ms = 5'000};
constexpr int pair_turns_max = 10'000;  // one after the other, before it is looked whether to stop

/// The first follower of a new installation is our own resolver front-end.
Result<void> make_first_follower(Domain& domain, const Options& options) {
  auto followers = publish::read_followers(options.state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  if (!followers->empty()) return {};
  return publish::put_follower(
      options.state, {.name = "khien-dnsd", .signs = true, .notify = options.verify}, domain.rng());
}

/// Whether register, ledger and zones agree, for /healthz.
api::PartState state_of(const publish::AgreementState& found) {
  if (found.difference_count == 0) return {};
  return {.condition = api::Condition::degraded,
          .words = std::to_string(found.difference_count) +
                   " orders or lists differ between register, ledger and zones: look for "
                   "register_ledger_zones_differ in the log"};
}

/// Carries what feeds changed into the zones.
Result<void> publish_sets(feeds::SetPublisher& sets) {
  auto published = sets.publish();
  if (!published) return tl::unexpected<Error>{std::move(published).error()};
  for (const auto& feed : *published) {
    KHIEN_LOG(info, "feed_published", {"feed", feed.id.value}, {"added", feed.added},
              {"removed", feed.removed}, {"refused", feed.refused}, {"held", feed.held});
  }
  if (!published->empty()) give_back_free_memory();
  return {};
}

Result<std::unique_ptr<publish::Gate>> open_gate(Domain& domain, const Options& options,
                                                 const std::filesystem::path& folder) {
  const std::array<std::filesystem::path, 2> folders{options.data, options.state / "lists"};
  auto canaries = publish::load_canaries(folders);
  if (!canaries) return tl::unexpected<Error>{std::move(canaries).error()};
  std::vector<net::Prefix> addresses;
  for (const auto& own : own_addresses_of(options)) {
    if (auto prefix = net::Prefix::parse(own.prefix)) addresses.push_back(*prefix);
  }
  return publish::Gate::open({.folder = folder,
                              .limits = {.stage_lists_above = options.stage_lists_above},
                              .canaries = std::move(*canaries),
                              .canary_addresses = std::move(addresses),
                              .canary_hosts = domain.services().impact.get()->own_hosts(),
                              .good_name = publish::good_names_of(domain.services().impact),
                              .metrics = &domain.metrics()},
                             domain.clock());
}

/// For /healthz: what waits at the gate waits for a person, who has to know.
api::PartState gate_state(publish::Gate& gate) {
  std::size_t waiting = 0;
  for (const auto& change : gate.held()) waiting += change.refused || change.trial ? 0U : 1U;
  const auto stopped = gate.stopped();
  if (waiting == 0 && stopped.empty()) return {};
  std::string words;
  if (!stopped.empty()) words = "publication is stopped: `khienctl publish status`";
  if (waiting > 0) {
    if (!words.empty()) words += "; ";
    words += std::to_string(waiting) + " changes wait for a person: `khienctl publish held`";
  }
  return {.condition = api::Condition::degraded, .words = std::move(words)};
}

/// Publications are numbered by the database. Zones that have applied more than it ever gave out
/// would take new ones for old ones and leave them out without a word.
Result<void> check_sequence(Domain& domain, publish::ZoneSet& zones) {
  auto last = domain.database().read(
      [](store::Executor& executor) { return cases::last_publication(executor); });
  if (!last) return propagate(std::move(last).error(), "read the last publication");
  if (zones.applied_sequence() <= *last) return {};
  return fail(ErrorCode::conflict,
              "the zones have applied publication " + std::to_string(zones.applied_sequence()) +
                  ", the database knows " + std::to_string(*last) +
                  ": it is an older backup. Move STATE/zones aside (`khienctl restore` does): "
                  "khiend then builds the zones from the database",
              "zones_ahead");
}

/// Beside two publishers that share their zones, one that does not would give out their serials for
/// contents of its own.
Result<void> check_alone(Domain& domain) {
  auto lease = domain.database().read(
      [](store::Executor& db) { return store::find_lease(db, publish::pair_lease); });
  if (!lease) return propagate(std::move(lease).error(), "look for other publishers");
  if (!*lease || (*lease)->until_ms <= domain.clock().now_ms()) return {};
  return fail(ErrorCode::conflict,
              "publisher \"" + (*lease)->holder.substr(0, (*lease)->holder.find('/')) +
                  "\" leads on this database: start this one with --pair NAME, or without the role "
                  "publisher (docs/runbooks/pair.md)",
              "pair_leads");
}

/// Zones that are begun anew, as after a restore, must go on above whatever followers have seen; 0
/// for zones that are there.
Result<std::uint32_t> serial_floor(Domain& domain, const std::filesystem::path& folder) {
  std::error_code error;
  const bool is_new =
      !std::filesystem::exists(folder, error) || std::filesystem::is_empty(folder, error);
  if (!is_new) return 0;
  auto known = domain.database().read(
      [](store::Executor& executor) { return cases::last_serials(executor); });
  if (!known) return tl::unexpected<Error>{std::move(known).error()};
  const std::int64_t now_s = domain.clock().now_ms() / ms_per_second;
  return publish::floor_above(*known, static_cast<std::uint32_t>(now_s));
}

/// The folder of signed lists, and the key that signs them.
Result<std::unique_ptr<publish::ListShelf>> open_lists(Domain& domain, const Options& options,
                                                       publish::ZoneSet& zones) {
  auto key = publish::load_or_create_list_key(options.state, domain.rng());
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  return publish::ListShelf::open({.folder = options.state / "signed-lists",
                                   .public_url = options.public_url,
                                   .share_feeds = options.share_feeds},
                                  zones, *key, domain.clock(), domain.metrics());
}

/// Wakes the publisher and the carrier of lists: one of two publishers has begun to lead.
class Wakes {
 public:
  explicit Wakes(store::Database& database)
      : publications_(database.subscribe(cases::channel_publication)),
        sets_(database.subscribe(feeds::channel_sets)) {}
  void wake() {
    publications_->wake();
    sets_->wake();
  }

 private:
  std::unique_ptr<store::Subscription> publications_;
  std::unique_ptr<store::Subscription> sets_;
};

/// Reads followers.json again when it changed, and the certificate for TLS. What is bad is logged,
/// and what stood before goes on.
class FollowersWatch {
 public:
  FollowersWatch(std::filesystem::path state, publish::Primary& primary, const Clock& clock)
      : state_(std::move(state)),
        primary_(primary),
        clock_(clock),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock{mutex};
    auto seen = changed_at();
    while (!woken.wait_for(lock, stop, followers_poll, [] { return false; }) &&
           !stop.stop_requested()) {
      if (auto* identity = primary_.identity(); identity != nullptr) identity->poll();
      const auto now = changed_at();
      if (now == seen) continue;
      seen = now;
      auto access = publish::load_access(state_, clock_.now_ms() / ms_per_second);
      if (auto set = access ? primary_.set_access(std::move(*access))
                            : Result<void>{tl::unexpected<Error>{access.error()}};
          !set) {
        KHIEN_LOG(error, "followers_refused", {"message", set.error().message});
      } else {
        KHIEN_LOG(info, "followers_read");
      }
    }
  }

  std::filesystem::file_time_type changed_at() const {
    std::error_code error;
    return std::filesystem::last_write_time(publish::followers_path(state_), error);
  }

  std::filesystem::path state_;
  publish::Primary& primary_;
  const Clock& clock_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace

// Destroyed from the last to the first: the publisher stops before what it writes to.
struct Publication::Parts {
  std::unique_ptr<publish::Gate> gate;
  std::unique_ptr<publish::ZoneSet> zones;
  std::unique_ptr<publish::ListShelf> lists;
  std::unique_ptr<publish::PublicationControl> control;
  std::function<void()> role_changed;  // wakes who has something to do then
  std::unique_ptr<store::Database> pair_database;
  std::unique_ptr<publish::Pair> pair;  // null: this publisher is the only one
  std::unique_ptr<publish::Primary> primary;
  std::unique_ptr<publish::ControlServer> control_server;  // asks the primary who has what
  std::unique_ptr<ProgressKeeper> keeper;
  std::unique_ptr<FollowersWatch> watch;
  std::unique_ptr<publish::CasePublications> source;
  std::unique_ptr<publish::Publisher> publisher;
  std::unique_ptr<TimerThread> pair_thread;
  std::unique_ptr<feeds::SetPublisher> sets;            // of its thread
  std::unique_ptr<feeds::SetAgreement> sets_agreement;  // of the same thread
  Guarded<std::vector<publish::Difference>> sets_differ;
  std::int64_t sets_term = 0;  // of the pair; of its thread
  std::unique_ptr<TimerThread> sets_thread;
  std::unique_ptr<publish::Agreement> agreement;
  Guarded<api::PartState> agreed;
  std::unique_ptr<TimerThread> agreement_thread;
};

void Publication::start_agreement(Domain& domain, Parts& parts) {
  parts.agreement = std::make_unique<publish::Agreement>(publish::Agreement::Parts{
      .database = domain.database(),
      .zones = *parts.zones,
      .clock = domain.clock(),
      .metrics = domain.metrics(),
      .wait =
          [](std::int64_t wait_ms) {
            std::this_thread::sleep_for(std::chrono::milliseconds{wait_ms});
          },
      .of_lists = [&parts] { return *parts.sets_differ.lock(); }});
  parts.agreement_thread = std::make_unique<TimerThread>(
      TimerThread::Options{.name = "agreement", .interval = agreement_interval},
      domain.database().subscribe("khiend.agreement"), [&parts]() -> Result<void> {
        // Who leads compares; the other one has the same zones, a little later.
        if (parts.pair && parts.pair->term() == 0) {
          *parts.agreed.lock() = {};
          return {};
        }
        auto found = parts.agreement->compare();
        if (!found) return tl::unexpected<Error>{std::move(found).error()};
        *parts.agreed.lock() = state_of(*found);
        return {};
      });
  domain.health().add("agreement", [&parts] {
    auto state = parts.agreement_thread->state();
    return state.condition == api::Condition::ok ? *parts.agreed.lock() : state;
  });
}

Publication::Publication(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Publication::~Publication() {
  if (!parts_->pair) return;
  // In this order, so that the other one leads at once and finds everything.
  parts_->agreement_thread.reset();
  parts_->sets_thread.reset();
  parts_->publisher.reset();
  parts_->pair_thread.reset();
  parts_->pair->step_down();
}

Result<void> Publication::join_pair(Domain& domain, const Options& options, Parts& parts) {
  const auto mark = publish::pair_mark_path(options.state / "zones");
  if (options.pair.empty()) {
    std::error_code error;
    std::filesystem::remove(mark, error);
    return check_alone(domain);
  }
  // Wake-ups within this process only: the channels' own threads wait on them.
  parts.role_changed = [wakes = std::make_shared<Wakes>(domain.database())] { wakes->wake(); };
  std::array<std::uint8_t, 8> start{};
  domain.rng().fill(start);
  auto database = store::Database::open(options.database, pair_connections);
  if (!database) return propagate(std::move(database).error(), "join the other publisher");
  parts.pair_database = std::move(*database);
  auto pair = publish::Pair::join(
      {.database = *parts.pair_database,
       .zones = *parts.zones,
       .gate = *parts.gate,
       .clock = domain.clock(),
       .metrics = domain.metrics(),
       .role_changed = [&parts] { parts.role_changed(); }},
      {.name = options.pair,
       .start = codec::hex(start),
       .address = to_string(options.dns_listen.front()),
       .keys = publish::key_digests(options.state),
       .followers = [state = options.state] { return publish::follower_digest(state); }});
  if (!pair) return tl::unexpected<Error>{std::move(pair).error()};
  parts.pair = std::move(*pair);
  if (auto marked = write_file_atomically(mark, as_bytes(options.pair + "\n"), FileAccess::owner);
      !marked) {
    return propagate(std::move(marked).error(), "mark the zones as a pair's");
  }
  parts.control->set_pair([raw = parts.pair.get()] { return raw->status(); });
  domain.health().add("pair", [raw = parts.pair.get()] { return pair_health(raw->status()); });
  return {};
}

/// Lists are carried by who leads; one that begins to lead knows nothing of what it carried before.
void Publication::start_sets(Domain& domain, Parts& parts) {
  parts.sets_thread = std::make_unique<TimerThread>(
      TimerThread::Options{.name = "feed_sets", .interval = 1min},
      domain.database().subscribe(feeds::channel_sets), [&domain, &parts]() -> Result<void> {
        const std::int64_t term = parts.pair ? parts.pair->term() : 1;
        if (term != parts.sets_term) {
          parts.sets_agreement.reset();
          parts.sets.reset();
          parts.sets_differ.lock()->clear();
        }
        parts.sets_term = term;
        if (term == 0) return {};
        if (!parts.sets) {
          parts.sets = std::make_unique<feeds::SetPublisher>(domain.database(), *parts.zones,
                                                             domain.clock());
          parts.sets_agreement = std::make_unique<feeds::SetAgreement>(
              feeds::SetAgreement::Parts{.database = domain.database(),
                                         .zones = *parts.zones,
                                         .sets = *parts.sets,
                                         .clock = domain.clock(),
                                         .rng = domain.rng()});
        }
        if (auto published = publish_sets(*parts.sets); !published) return published;
        auto differ = parts.sets_agreement->compare();
        if (!differ) return tl::unexpected<Error>{std::move(differ).error()};
        *parts.sets_differ.lock() = std::move(*differ);
        return {};
      });
  if (!parts.pair) return;
  parts.pair_thread = std::make_unique<TimerThread>(
      TimerThread::Options{.name = "pair",
                           .interval = std::chrono::milliseconds{publish::pair_look_ms}},
      domain.database().subscribe(publish::channel_pair),
      [pair = parts.pair.get()]() -> Result<void> {
        for (int i = 0; i < pair_turns_max && pair->turn(); ++i) {
        }
        return {};
      });
}

std::vector<publish::Holding> Publication::holdings(std::string_view name) const {
  return parts_->zones->holdings(name);
}

publish::PublicationControl& Publication::control() const noexcept { return *parts_->control; }

api::PublicationState Publication::state() const {
  return {.zones = parts_->zones->status(),
          .followers = parts_->primary->progress().record(),
          .pair = parts_->pair ? std::optional{parts_->pair->status()} : std::nullopt};
}

publish::ListShelf& Publication::lists() const noexcept { return *parts_->lists; }

net::SocketAddress Publication::address() const noexcept { return parts_->primary->address(); }

Result<std::unique_ptr<Publication>> Publication::start(Domain& domain, const Options& options) {
  auto parts = std::make_unique<Parts>();
  const auto folder = options.state / "zones";
  const auto& services = domain.services();
  auto floor = serial_floor(domain, folder);
  if (!floor) return tl::unexpected<Error>{std::move(floor).error()};
  auto gate = open_gate(domain, options, folder);
  if (!gate) return propagate(std::move(gate).error(), "open the gate of the zones");
  parts->gate = std::move(*gate);
  auto zones = publish::ZoneSet::open(
      {.folder = folder,
       .is_public_suffix = [&suffixes = services.cases.suffixes](
                               std::string_view name) { return suffixes.is_public_suffix(name); },
       .metrics = &domain.metrics(),
       .serial_floor = *floor,
       .gate = parts->gate.get()},
      domain.clock(), domain.rng());
  if (!zones) return propagate(std::move(zones).error(), "open the zones");
  if (auto fits = check_sequence(domain, **zones); !fits)
    return tl::unexpected<Error>{fits.error()};
  parts->zones = std::move(*zones);
  auto lists = open_lists(domain, options, *parts->zones);
  if (!lists) return propagate(std::move(lists).error(), "open the signed lists");
  parts->lists = std::move(*lists);
  parts->control =
      std::make_unique<publish::PublicationControl>(*parts->zones, *parts->gate, domain.clock());
  if (auto joined = join_pair(domain, options, *parts); !joined) {
    return tl::unexpected<Error>{std::move(joined).error()};
  }
  domain.health().add("publication", [gate = parts->gate.get()] { return gate_state(*gate); });

  if (auto made = make_first_follower(domain, options); !made) {
    return propagate(std::move(made).error(), "make the first follower");
  }
  publish::PrimaryOptions serve{.listen = options.dns_listen.front()};
  if (options.dns_tls)
    serve.tls = {.listen = options.dns_tls->listen, .files = options.dns_tls->files};
  auto primary =
      publish::Primary::start(serve, *parts->zones, domain.clock(), domain.rng(), domain.metrics());
  if (!primary) return propagate(std::move(primary).error(), "serve the zones");
  parts->primary = std::move(*primary);
  auto access = publish::load_access(options.state, domain.clock().now_ms() / ms_per_second);
  if (!access) return propagate(std::move(access).error(), "read the followers");
  if (auto set = parts->primary->set_access(std::move(*access)); !set) {
    return tl::unexpected<Error>{std::move(set).error()};
  }
  parts->control->set_followers(
      [primary = parts->primary.get()] { return primary->progress().record(); });
  auto control_server = publish::ControlServer::start(folder, *parts->control);
  if (!control_server) return propagate(std::move(control_server).error(), "hear the operator");
  parts->control_server = std::move(*control_server);
  parts->keeper = std::make_unique<ProgressKeeper>(
      ProgressKeeper::Parts{.progress = parts->primary->progress(),
                            .events = domain.events(),
                            .metrics = domain.metrics(),
                            .file = publish::progress_path(options.state)});
  parts->watch = std::make_unique<FollowersWatch>(options.state, *parts->primary, domain.clock());

  parts->source = std::make_unique<publish::CasePublications>(domain.database(), services.cases);
  std::function<publish::PublisherDuty()> duty;
  if (parts->pair) duty = [pair = parts->pair.get()] { return pair->duty(); };
  parts->publisher =
      std::make_unique<publish::Publisher>(publish::Publisher::Parts{.zones = *parts->zones,
                                                                     .source = *parts->source,
                                                                     .clock = domain.clock(),
                                                                     .metrics = domain.metrics(),
                                                                     .duty = std::move(duty)});
  start_sets(domain, *parts);
  start_agreement(domain, *parts);
  KHIEN_LOG(info, "serving", {"zones", to_string(parts->primary->address())});
  if (const auto address = parts->primary->tls_address()) {
    KHIEN_LOG(info, "serving", {"zones_over_tls", to_string(*address)});
    domain.health().add("zones_tls", [identity = parts->primary->identity()]() -> api::PartState {
      auto problem = identity->problem();
      if (problem.empty()) return {};
      return {.condition = api::Condition::degraded, .words = std::move(problem)};
    });
  }
  return std::unique_ptr<Publication>{new Publication{std::move(parts)}};
}

}  // namespace khien::khiend
