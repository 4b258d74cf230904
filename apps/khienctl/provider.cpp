// Providers and the probes that look at them (docs/publish/probes.md). Each change rests on a
// decision that is named, and becomes a leaf of the public log (docs/adr/0701-configuration.md).
#include <fmt/format.h>

#include <algorithm>

#include "cases/calendar.h"
#include "commands.h"
#include "operator_context.h"
#include "providers/probe_key.h"
#include "providers/task.h"

namespace khien::khienctl {
namespace {

constexpr std::uint16_t dns_port = 53;

/// What the calls below need: an open database, and the key that seals contacts.
struct Desk {
  std::unique_ptr<store::Database> database;
  std::unique_ptr<OperatorContext> operator_context;
  SystemRng rng;

  static Result<std::unique_ptr<Desk>> open(const Place& place) {
    auto database = place.open_database();
    if (!database) return tl::unexpected<Error>{std::move(database).error()};
    auto context = OperatorContext::open(place);
    if (!context) return tl::unexpected<Error>{std::move(context).error()};
    auto desk = std::make_unique<Desk>();
    desk->database = std::move(*database);
    desk->operator_context = std::move(*context);
    return desk;
  }
  template <typename Work>
  auto run(Work work) {
    const auto cases = operator_context->cases();
    const providers::Context context{
        .clock = cases.clock, .rng = rng, .contact_key = cases.contact_key};
    return database->transact([&](store::Transaction& tx) { return work(tx, context); });
  }
};

providers::Act act_of(const std::string& decision) {
  return {.basis = "operator", .decision = decision};
}

/// In Vietnam's time, to the minute.
std::string moment(InstantMs at_ms) {
  const auto minutes = (at_ms + cases::vietnam_offset_ms) % ms_per_day / ms_per_minute;
  return fmt::format("{} {:02}:{:02}", cases::day_text(cases::vietnam_day(at_ms)), minutes / 60,
                     minutes % 60);
}

/// ADDRESS[:PORT][=PREFIX,PREFIX…]
Result<providers::ProviderResolver> read_resolver(std::string_view text) {
  const auto equals = text.find('=');
  auto address = net::SocketAddress::parse(text.substr(0, equals), dns_port);
  if (!address) return tl::unexpected<Error>{std::move(address).error()};
  providers::ProviderResolver resolver{.address = *address};
  if (equals == std::string_view::npos) return resolver;
  auto rest = text.substr(equals + 1);
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    auto prefix = net::Prefix::parse(rest.substr(0, comma));
    if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
    resolver.egress.push_back(*prefix);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return resolver;
}

struct Wanted {
  providers::Terms terms;
  std::vector<providers::ProviderResolver> resolvers;
};

Result<Wanted> read_wanted(const ProviderChange& change) {
  Wanted wanted{.terms = {.contact = change.contact, .due_minutes = change.due_minutes},
                .resolvers = {}};
  for (const auto& text : change.resolvers) {
    auto resolver = read_resolver(text);
    if (!resolver) return propagate(std::move(resolver).error(), text);
    wanted.resolvers.push_back(std::move(*resolver));
  }
  for (const auto& text : change.landing) {
    auto address = net::IpAddress::parse(text);
    if (!address) return propagate(std::move(address).error(), text);
    wanted.terms.landing.push_back(*address);
  }
  return wanted;
}

}  // namespace

Result<void> provider_add(const Place& place, const ProviderChange& change) {
  auto wanted = read_wanted(change);
  if (!wanted) return tl::unexpected<Error>{std::move(wanted).error()};
  const auto kind = providers::parse_provider_kind(change.kind);
  if (!kind) return fail(ErrorCode::invalid_argument, "a kind is isp, school, agency or own");
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto added = (*desk)->run([&](store::Transaction& tx, const providers::Context& context) {
    return providers::add_provider(tx, context,
                                   {.name = change.name,
                                    .title = change.title,
                                    .kind = *kind,
                                    .terms = wanted->terms,
                                    .resolvers = wanted->resolvers},
                                   act_of(change.decision));
  });
  if (!added) return tl::unexpected<Error>{std::move(added).error()};
  fmt::print("{} is entered. A probe on its line: khien-probe enrol https://…\n", change.name);
  return {};
}

Result<void> provider_set(const Place& place, const ProviderChange& change) {
  auto wanted = read_wanted(change);
  if (!wanted) return tl::unexpected<Error>{std::move(wanted).error()};
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto done =
      (*desk)->run([&](store::Transaction& tx, const providers::Context& context) -> Result<void> {
        auto provider = providers::find_provider(tx, change.name);
        if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
        return providers::change_provider(tx, context, provider->id, wanted->terms,
                                          wanted->resolvers, act_of(change.decision));
      });
  if (!done) return done;
  fmt::print("{} is changed from now on.\n", change.name);
  return {};
}

Result<void> provider_end(const Place& place, const ProviderChange& change) {
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto done =
      (*desk)->run([&](store::Transaction& tx, const providers::Context& context) -> Result<void> {
        auto provider = providers::find_provider(tx, change.name);
        if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
        return providers::end_provider(tx, context, provider->id, act_of(change.decision));
      });
  if (!done) return done;
  fmt::print("{} has ended, and its probes open nothing any more. What was found stays.\n",
             change.name);
  return {};
}

Result<void> provider_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto all = (*database)->read([](store::Executor& db) { return providers::list_providers(db); });
  if (!all) return tl::unexpected<Error>{std::move(all).error()};
  for (const auto& provider : *all) {
    std::string resolvers;
    for (const auto& one : provider.resolvers) resolvers += " " + to_string(one.address);
    fmt::print("{:<32} {:<7} {} min, contact {}, since {}; resolvers{}\n", provider.name,
               to_string(provider.kind), provider.due_minutes,
               provider.has_contact ? "entered" : "none", moment(provider.added_at_ms), resolvers);
  }
  if (all->empty()) fmt::print("No provider is entered: khienctl provider add --help\n");
  return {};
}

Result<void> provider_code(const Place& place, const std::string& name) {
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto code = (*desk)->run(
      [&](store::Transaction& tx, const providers::Context& context) -> Result<std::string> {
        auto provider = providers::find_provider(tx, name);
        if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
        auto task = providers::open_task_of(tx, provider->id);
        if (!task) return tl::unexpected<Error>{std::move(task).error()};
        if (!*task) return fail(ErrorCode::not_found, name + " has no open task");
        return providers::make_code(tx, context, (*task)->id);
      });
  if (!code) return tl::unexpected<Error>{std::move(code).error()};
  fmt::print("Shown this once; it opens PUBLIC_URL/provider:\n{}\n", *code);
  return {};
}

Result<void> probe_add(const Place& place, const ProbeChange& change) {
  const auto key = probe::read_key(change.key);
  if (!key) {
    return fail(ErrorCode::invalid_argument,
                "that is no public key: 43 characters, as `khien-probe enrol` prints it");
  }
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto done = (*desk)->run(
      [&](store::Transaction& tx, const providers::Context& context) -> Result<providers::ProbeId> {
        auto provider = providers::find_provider(tx, change.provider);
        if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
        return providers::enrol_probe(tx, context,
                                      {.name = change.name, .provider = provider->id, .key = *key},
                                      act_of(change.decision));
      });
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  fmt::print("{} may report now, about {}.\n", change.name, change.provider);
  return {};
}

Result<void> probe_revoke(const Place& place, const ProbeChange& change) {
  auto desk = Desk::open(place);
  if (!desk) return tl::unexpected<Error>{std::move(desk).error()};
  auto done = (*desk)->run([&](store::Transaction& tx, const providers::Context& context) {
    return providers::revoke_probe(tx, context, change.name, act_of(change.decision));
  });
  if (!done) return done;
  fmt::print("The key of {} opens nothing any more. What it told stays.\n", change.name);
  return {};
}

Result<void> probe_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto all = (*database)->read([](store::Executor& db) { return providers::list_probes(db); });
  if (!all) return tl::unexpected<Error>{std::move(all).error()};
  for (const auto& probe : *all) {
    fmt::print("{:<32} {:<8} since {}  {}  {}\n", probe.name,
               probe.revoked_at_ms ? "revoked" : "in use", moment(probe.enrolled_at_ms),
               probe.heard_at_ms ? fmt::format("last heard {}, line {}", moment(*probe.heard_at_ms),
                                               probe.line ? to_string(*probe.line) : "?")
                                 : "not heard yet",
               probe::key_text(probe.key));
  }
  if (all->empty()) fmt::print("No probe may report: khienctl probe add --help\n");
  return {};
}

}  // namespace khien::khienctl
