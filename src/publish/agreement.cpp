#include "publish/agreement.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/log.h"
#include "cases/register.h"
#include "cases/states.h"
#include "codec/json.h"
#include "ledger/leaf.h"
#include "ledger/placed_leaves.h"
#include "publish/agreement_rows.h"
#include "publish/gate_state.h"
#include "publish/set_names.h"

namespace khien::publish {
namespace {

constexpr std::string_view order_prefix = "order:";
constexpr std::string_view leaf_prefix = "order.";

Scope scope_of(cases::Scope scope) noexcept {
  return scope == cases::Scope::domain ? Scope::domain : Scope::host;
}

/// The zones and sets in which nothing but orders may stand.
std::vector<const ZoneFacts*> zones_of_orders() {
  std::vector<const ZoneFacts*> zones;
  for (const CategoryFacts& facts : all_categories()) {
    for (const Basis basis : {Basis::emergency, Basis::orders}) {
      for (const SetOf of : {SetOf::names, SetOf::addresses, SetOf::urls}) {
        const ZoneFacts* zone = set_for(of, basis, facts.category);
        if (zone != nullptr && std::ranges::find(zones, zone) == zones.end()) zones.push_back(zone);
      }
    }
  }
  return zones;
}

/// The orders that are on trial (ADR 0307): where the register has them in force, the zones have
/// them in the trial zone of our own resolvers.
std::map<std::string, std::string> orders_on_trial(ZoneSet& zones) {
  std::map<std::string, std::string> zone_of_source;
  if (zones.gate() == nullptr) return zone_of_source;
  for (const HeldChange& change : zones.gate()->trials()) {
    if (change.is_set()) continue;
    const ZoneFacts* own = trial_zone_for(*find_set(change.zone), Ring::own);
    for (const HeldName& name : change.names) zone_of_source.emplace(name.source, own->id);
  }
  return zone_of_source;
}

/// What orders hold in the trial zones, each once: what stands in the second stage stands in the
/// first, or it is told by itself.
void add_trials(ZoneSet& zones, std::vector<Holding>& served) {
  for (const CategoryFacts& facts : all_categories()) {
    const ZoneFacts* orders = zone_for(Basis::orders, facts.category);
    if (orders == nullptr) continue;
    std::set<std::pair<std::string, std::string>> seen;  // name and source
    for (const Ring ring : trial_rings) {
      for (Holding& held : zones.holdings_in(*trial_zone_for(*orders, ring))) {
        if (is_list(held.source)) continue;
        if (seen.emplace(held.name, held.source).second) served.push_back(std::move(held));
      }
    }
  }
}

/// By holder; a holder of several names in the order of the zones.
std::multimap<std::string_view, const Holding*> by_source(std::span<const Holding> served) {
  std::multimap<std::string_view, const Holding*> map;
  for (const Holding& rule : served) map.emplace(rule.source, &rule);
  return map;
}

Result<RegisterRule> rule_of(const cases::InForce& order) {
  const auto of = set_of(order.scope);
  const auto* zone = set_for(of, order.basis, order.category);
  if (zone == nullptr) return fail(ErrorCode::corrupt, "an order in force has no zone");
  return RegisterRule{.order = order.order.value,
                      .zone = zone->id,
                      .name = held_name(of, order.name),
                      .name_commitment = order.name_commitment,
                      .scope = scope_of(order.scope)};
}

void log_change(const AgreementState& before, const AgreementState& now) {
  if (now.difference_count > 0 && before.difference_count == 0) {
    for (const Difference& difference : now.differences) {
      KHIEN_LOG(error, "register_ledger_zones_differ", {"what", to_string(difference.kind)},
                {"source", difference.source});
    }
  } else if (now.difference_count == 0 && before.difference_count > 0) {
    KHIEN_LOG(info, "register_ledger_zones_agree_again", {"orders", now.order_count});
  }
}

}  // namespace

std::string_view to_string(DifferenceKind kind) noexcept {
  switch (kind) {
    case DifferenceKind::not_served: return "not_served";
    case DifferenceKind::not_in_register: return "not_in_register";
    case DifferenceKind::served_otherwise: return "served_otherwise";
    case DifferenceKind::not_in_ledger: return "not_in_ledger";
    case DifferenceKind::only_in_ledger: return "only_in_ledger";
    case DifferenceKind::ledger_says_otherwise: return "ledger_says_otherwise";
  }
  return "";
}

std::vector<Difference> differences_between(std::span<const RegisterRule> in_register,
                                            const std::map<std::string, LedgerRule>& in_ledger,
                                            std::span<const Holding> served) {
  std::vector<Difference> found;
  auto unexplained = by_source(served);
  auto unshown = in_ledger;
  for (const RegisterRule& rule : in_register) {
    const std::string source = std::string{order_prefix} + rule.order;
    const auto [first, last] = unexplained.equal_range(source);
    const bool is_right = std::any_of(first, last, [&](const auto& one) {
      const Holding& here = *one.second;
      return here.zone == rule.zone && here.name == rule.name && here.scope == rule.scope;
    });
    if (first == last) {
      found.push_back({.kind = DifferenceKind::not_served, .source = source});
    } else if (!is_right || std::next(first) != last) {
      found.push_back({.kind = DifferenceKind::served_otherwise, .source = source});
    }
    unexplained.erase(first, last);
    const auto leaf = unshown.find(rule.order);
    if (leaf == unshown.end()) {
      found.push_back({.kind = DifferenceKind::not_in_ledger, .source = source});
      continue;
    }
    if (leaf->second.name_commitment != rule.name_commitment || leaf->second.scope != rule.scope) {
      found.push_back({.kind = DifferenceKind::ledger_says_otherwise, .source = source});
    }
    unshown.erase(leaf);
  }
  for (const auto& [source, rule] : unexplained) {
    found.push_back({.kind = DifferenceKind::not_in_register, .source = std::string{source}});
  }
  for (const auto& [order, rule] : unshown) {
    found.push_back(
        {.kind = DifferenceKind::only_in_ledger, .source = std::string{order_prefix} + order});
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Agreement::Agreement(Parts parts)
    : parts_(std::move(parts)),
      differences_(
          parts_.metrics.gauge("khien_agreement_differences",
                               "Orders and lists of which register, ledger and zones differ")),
      checked_at_(parts_.metrics.gauge("khien_agreement_checked_at_seconds",
                                       "When they were last compared, in UTC seconds")) {}

/// What a leaf does to the set of orders in force.
Result<void> Agreement::take_leaf(std::string_view entry) {
  auto leaf = codec::Json::parse(entry, {.size_max = ledger::leaf_size_max});
  if (!leaf) return propagate(std::move(leaf).error(), "read a leaf");
  auto fields = leaf->object_at("fields");
  if (!fields) return propagate(std::move(fields).error(), "read a leaf");
  auto order = fields->text_at("order");
  auto to_state = fields->text_at("to_state");
  if (!order || !to_state) return {};  // it moves no order
  const auto state = cases::parse_order_state(*to_state);
  if (!state) return fail(ErrorCode::corrupt, "a leaf has an unknown state " + *to_state);
  if (!cases::is_in_force(*state)) {
    ledger_.erase(*order);
    return {};
  }
  auto name = fields->text_at("name_commitment");
  auto scope = fields->text_at("scope");
  if (!name || !scope) return fail(ErrorCode::corrupt, "a leaf of an order in force has no name");
  ledger_.insert_or_assign(
      *order,
      LedgerRule{.name_commitment = *name,
                 .scope = *scope == to_string(cases::Scope::domain) ? Scope::domain : Scope::host});
  return {};
}

Result<void> Agreement::read_leaves(store::Executor& db) {
  auto count = ledger::placed_count(db);
  if (!count) return tl::unexpected(std::move(count).error());
  while (next_place_ < *count) {
    auto leaves = ledger::placed_leaves(db, next_place_, leaf_prefix);
    if (!leaves) return tl::unexpected(std::move(leaves).error());
    for (const auto& leaf : *leaves) {
      if (auto taken = take_leaf(leaf.entry); !taken) return taken;
    }
    next_place_ = std::min(*count, next_place_ + ledger::placed_window);
  }
  return {};
}

/// The register's rules, and the ledger's of the same instant.
Result<std::vector<RegisterRule>> Agreement::read_records() {
  return parts_.database.read([&](store::Executor& db) -> Result<std::vector<RegisterRule>> {
    std::vector<RegisterRule> rules;
    cases::OrderId after;
    while (true) {
      auto orders = cases::orders_shown_in_force(db, after);
      if (!orders) return tl::unexpected(std::move(orders).error());
      if (orders->empty()) break;
      for (const auto& order : *orders) {
        auto rule = rule_of(order);
        if (!rule) return tl::unexpected(std::move(rule).error());
        rules.push_back(std::move(*rule));
      }
      after = orders->back().order;
    }
    if (auto read = read_leaves(db); !read) return tl::unexpected(std::move(read).error());
    return rules;
  });
}

Result<Agreement::Look> Agreement::look() {
  auto records = read_records();
  if (!records) return tl::unexpected(std::move(records).error());
  const auto on_trial = orders_on_trial(parts_.zones);
  for (RegisterRule& rule : *records) {
    const auto trial = on_trial.find(std::string{order_prefix} + rule.order);
    if (trial != on_trial.end()) rule.zone = trial->second;
  }
  std::vector<Holding> served;
  for (const ZoneFacts* zone : zones_of_orders()) {
    auto held = parts_.zones.holdings_in(*zone);
    std::move(held.begin(), held.end(), std::back_inserter(served));
  }
  add_trials(parts_.zones, served);
  Look look{.differences = differences_between(*records, ledger_, served),
            .order_count = records->size()};
  if (parts_.of_lists) {
    for (auto& difference : parts_.of_lists()) look.differences.push_back(std::move(difference));
    std::sort(look.differences.begin(), look.differences.end());
  }
  return look;
}

Result<AgreementState> Agreement::compare() {
  auto seen = look();
  if (!seen) return propagate(std::move(seen).error(), "compare register, ledger and zones");
  if (!seen->differences.empty()) {
    parts_.wait(agreement_settles_ms);
    auto again = look();
    if (!again) return propagate(std::move(again).error(), "compare register, ledger and zones");
    std::vector<Difference> both;
    std::set_intersection(seen->differences.begin(), seen->differences.end(),
                          again->differences.begin(), again->differences.end(),
                          std::back_inserter(both));
    *seen = {.differences = std::move(both), .order_count = again->order_count};
  }
  AgreementState now{.checked_at_ms = parts_.clock.now_ms(),
                     .order_count = static_cast<std::int64_t>(seen->order_count),
                     .difference_count = static_cast<std::int64_t>(seen->differences.size()),
                     .differing_since_ms = std::nullopt,
                     .differences = std::move(seen->differences)};
  if (now.differences.size() > differences_kept_max) now.differences.resize(differences_kept_max);
  differences_.set(now.difference_count);
  checked_at_.set(now.checked_at_ms / ms_per_second);
  auto noted = parts_.database.transact(
      [&](store::Transaction& tx) -> Result<AgreementState> { return note_agreement(tx, now); });
  if (!noted) return propagate(std::move(noted).error(), "note the comparison");
  now.differing_since_ms =
      now.difference_count == 0
          ? std::nullopt
          : std::optional{noted->differing_since_ms.value_or(now.checked_at_ms)};
  log_change(*noted, now);
  return now;
}

}  // namespace khien::publish
