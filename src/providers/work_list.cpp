#include "providers/work_list.h"

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "text/host.h"

namespace khien::providers {
namespace {

using codec::Json;

constexpr std::size_t plan_size_max = 256UL * 1024;
constexpr std::size_t neighbour_labels_min = 2;

constexpr std::string_view sql_active =
    "SELECT count(*) FROM probe WHERE revoked_at_ms IS NULL AND heard_at_ms > $1 AND id <> $2";
constexpr std::string_view sql_insert =
    "INSERT INTO probe_run (id, probe_id, issued_at_ms, plan) VALUES ($1, $2, $3, $4)";
// What was reported is kept with its statement; a list that nobody answered is forgotten.
constexpr std::string_view sql_forget = R"(
DELETE FROM probe_run WHERE probe_id = $1 AND (issued_at_ms < $2 OR id NOT IN (
  SELECT id FROM probe_run WHERE probe_id = $1 ORDER BY issued_at_ms DESC, id DESC LIMIT $3)))";

/// So that all lists of an hour hold names_an_hour_max together.
Result<std::int64_t> names_for(store::Executor& db, const ProbeId& probe, InstantMs now_ms,
                               std::int64_t next_s) {
  auto row = db.query_one(sql_active, {now_ms - ms_per_hour, probe});
  if (!row) return propagate(std::move(row).error(), "count active probes");
  const auto probes = (*row)->integer(0) + 1;
  const auto names = names_an_hour_max / probes * next_s * ms_per_second / ms_per_hour;
  return std::clamp(names, work_names_min, static_cast<std::int64_t>(probe::work_names_max));
}

/// A parent that an order blocks as well is no neighbour to ask about.
Result<probe::Neighbours> neighbours_of(store::Executor& db, const Target& target) {
  if (target.expected != probe::Expected::blocked) return probe::Neighbours::leave;
  const auto parent = text::parent_of(target.name);
  if (!parent ||
      static_cast<std::size_t>(std::ranges::count(*parent, '.')) + 1 < neighbour_labels_min) {
    return probe::Neighbours::leave;
  }
  auto covered = is_covered(db, *parent);
  if (!covered) return tl::unexpected<Error>{std::move(covered).error()};
  return *covered ? probe::Neighbours::leave : probe::Neighbours::ask;
}

Result<std::optional<net::SocketAddress>> find_control(store::Executor& db, const ProviderId& but) {
  auto providers = list_providers(db);
  if (!providers) return tl::unexpected<Error>{std::move(providers).error()};
  for (const auto& provider : *providers) {
    const bool fits = provider.kind == ProviderKind::own && provider.id != but;
    if (fits && !provider.resolvers.empty()) {
      return std::optional{provider.resolvers.front().address};
    }
  }
  return std::optional<net::SocketAddress>{};
}

}  // namespace

std::string plan_text(const std::vector<PlannedName>& plan) {
  Json::Array items;
  for (const auto& one : plan) {
    items.push_back(Json::array({one.order.value, one.name, to_string(one.expected)}));
  }
  return Json{std::move(items)}.dump();
}

Result<std::vector<PlannedName>> parse_plan(std::string_view text) {
  auto json = Json::parse(text, {.size_max = plan_size_max, .depth_max = 3});
  const auto damaged = [] { return fail(ErrorCode::corrupt, "a plan is damaged"); };
  if (!json || !json->is_array()) return damaged();
  std::vector<PlannedName> plan;
  for (const auto& item : json->items()) {
    if (item.items().size() != 3) return damaged();
    const auto* order = item.items()[0].text();
    const auto* name = item.items()[1].text();
    const auto* word = item.items()[2].text();
    if (order == nullptr || name == nullptr || word == nullptr) return damaged();
    const auto expected = probe::parse_expected(*word);
    if (!expected) return damaged();
    plan.push_back({.order = cases::OrderId{*order}, .name = *name, .expected = *expected});
  }
  return plan;
}

std::string nonce_of(std::string_view run, std::string_view zone) {
  std::string name;
  for (const char c : run) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name + "." + std::string{zone};
}

Result<probe::Work> make_work(store::Transaction& tx, const Context& context,
                              const Reporter& reporter, const WorkOptions& options) {
  const auto now_ms = context.clock.now_ms();
  auto provider = load_provider(tx, reporter.provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  auto count = names_for(tx, reporter.probe, now_ms, options.next_s);
  if (!count) return tl::unexpected<Error>{std::move(count).error()};
  auto targets = next_targets(tx, reporter.probe, now_ms, *count);
  if (!targets) return tl::unexpected<Error>{std::move(targets).error()};
  auto control = find_control(tx, reporter.provider);
  if (!control) return tl::unexpected<Error>{std::move(control).error()};

  probe::Work work{.id = new_id_text(now_ms, context.rng),
                   .next_s = options.next_s,
                   .questions_a_second = options.questions_a_second,
                   .resolvers = {},
                   .control = *control,
                   .names = {},
                   .canaries = options.canaries,
                   .zones = {}};
  if (options.nonce_zone) work.nonce = nonce_of(work.id, *options.nonce_zone);
  for (const auto& resolver : provider->resolvers) work.resolvers.push_back(resolver.address);
  std::vector<PlannedName> plan;
  std::set<std::string> zones;
  for (const auto& target : *targets) {
    auto neighbours = neighbours_of(tx, target);
    if (!neighbours) return tl::unexpected<Error>{std::move(neighbours).error()};
    work.names.push_back(
        {.name = target.name, .expected = target.expected, .neighbours = *neighbours});
    plan.push_back({.order = target.order, .name = target.name, .expected = target.expected});
    if (zones.size() < probe::work_zones_max) zones.insert(target.zone);
  }
  work.zones.assign(zones.begin(), zones.end());
  auto done = tx.execute(sql_insert, {work.id, reporter.probe, now_ms, plan_text(plan)});
  if (!done) return propagate(std::move(done).error(), "note a work list");
  done = tx.execute(sql_forget, {reporter.probe, now_ms - run_age_max_ms, runs_kept_max});
  if (!done) return propagate(std::move(done).error(), "forget old work lists");
  return work;
}

}  // namespace khien::providers
