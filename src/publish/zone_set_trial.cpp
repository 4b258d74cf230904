// ZoneSet: trial zones (ADR 0307). The gate keeps what is on trial; these zones show it. Orders'
// names are the gate's, a list's are in its own trial zone, as nobody else keeps them.
#include <algorithm>
#include <set>

#include "dns/rpz.h"
#include "publish/zone_set.h"
#include "publish/zone_set_state.h"

namespace khien::publish {
namespace {

bool fits(std::string_view name, const ZoneFacts& zone) {
  const auto parsed = dns::Name::from_text(name);
  return parsed && dns::make_rpz_owner(*parsed, true, zone.name).has_value();
}

/// What has to stand in the trial zones, and may.
struct WantedTrials {
  std::set<std::pair<std::string_view, std::string_view>> lists;  // zone id and source
  std::unordered_set<std::string> names;                          // of orders: key()

  static std::string key(std::string_view zone, std::string_view source, std::string_view name) {
    std::string key{zone};
    return key.append(1, '\n').append(source).append(1, '\n').append(name);
  }
  [[nodiscard]] bool has(const Holding& held) const {
    return lists.contains({held.zone, held.source}) ||
           names.contains(key(held.zone, held.source, held.name));
  }
};

/// The trial zones in which a change at that stage stands.
std::vector<const ZoneFacts*> zones_of_trial(const HeldChange& change) {
  std::vector<const ZoneFacts*> zones;
  for (const Ring ring : trial_rings) {
    if (ring <= *change.trial) zones.push_back(trial_zone_for(*find_set(change.zone), ring));
  }
  return zones;
}

WantedTrials wanted_of(std::span<const HeldChange> trials) {
  WantedTrials wanted;
  for (const HeldChange& change : trials) {
    for (const ZoneFacts* zone : zones_of_trial(change)) {
      if (change.is_set()) wanted.lists.insert({zone->id, change.source});
      for (const HeldName& name : change.names) {
        wanted.names.insert(WantedTrials::key(zone->id, name.source, name.name));
      }
    }
  }
  return wanted;
}

}  // namespace

bool ZoneSet::holds(const ZoneFacts& zone, std::string_view source, std::string_view name,
                    Scope scope) {
  const auto parsed = dns::Name::from_text(name);
  if (!parsed) return false;
  const dns::Name lower = parsed->lower();
  auto state = state_->lock();
  const auto known = state->source_index.find(std::string{source});
  if (known == state->source_index.end()) return false;
  const auto holders = state->zone(zone).table->holders(lower);
  return std::ranges::any_of(holders, [&](const Holder& holder) {
    return holder.source == known->second && holder.scope == scope;
  });
}

void ZoneSet::draft_removal(Draft& draft, const ZoneFacts& zone, const Holding& held) {
  draft.operations(zone).push_back({.kind = OperationKind::remove,
                                    .scope = Scope::host,
                                    .source = draft_source(draft, held.source),
                                    .until_ms = 0,
                                    .name = *dns::Name::from_text(held.name)});
}

void ZoneSet::draft_addition(Draft& draft, const ZoneFacts& zone, const HeldName& name) {
  draft.operations(zone).push_back({.kind = OperationKind::add,
                                    .scope = name.scope,
                                    .source = draft_source(draft, name.source),
                                    .until_ms = name.until_ms,
                                    .name = dns::Name::from_text(name.name)->lower()});
}

void ZoneSet::draft_end_of_trial(Draft& draft, const Change& change) {
  for (const Ring ring : trial_rings) {
    const ZoneFacts* trial = trial_zone_for(*find_set(change.zone), ring);
    if (trial == nullptr) return;
    const bool is_used = state_->lock()->zone(*trial).table->name_count() != 0;
    if (!is_used) continue;
    const bool is_there = holds(*trial, change.source, change.name, Scope::host) ||
                          holds(*trial, change.source, change.name, Scope::domain);
    if (!is_there) continue;
    const dns::Name name = dns::Name::from_text(change.name)->lower();
    draft_removal(
        draft, *trial,
        {.zone = trial->id, .name = name.to_text(), .source = std::string{change.source}});
  }
}

std::vector<Holding> ZoneSet::holdings_of(const ZoneFacts& zone, std::string_view source) {
  if (state_->lock()->zone(zone).table->name_count() == 0) return {};
  auto held = holdings_in(zone);
  std::erase_if(held, [&](const Holding& one) { return one.source != source; });
  return held;
}

std::vector<Holding> ZoneSet::no_more_on_trial(const Replacement& replacement) {
  std::vector<Holding> over;
  for (const Ring ring : trial_rings) {
    const ZoneFacts* trial = trial_zone_for(*find_set(replacement.zone), ring);
    if (trial == nullptr) break;
    auto held = holdings_of(*trial, replacement.source);
    if (held.empty()) continue;
    const std::unordered_set<std::string_view> names(replacement.names.begin(),
                                                     replacement.names.end());
    std::ranges::copy_if(held, std::back_inserter(over), [&](const Holding& one) {
      return one.scope != replacement.scope || !names.contains(one.name);
    });
  }
  return over;
}

/// Frame by frame, as a list that comes into its zone; each looks whether the trial still is one.
Result<void> ZoneSet::add_to_trial(const Replacement& replacement,
                                   std::span<const std::string_view> names) {
  const ZoneFacts& own = *trial_zone_for(*find_set(replacement.zone), Ring::own);
  while (!names.empty()) {
    const auto frame = names.first(std::min(names.size(), operations_per_batch_max));
    names = names.subspan(frame.size());
    auto writer = writer_->lock();
    if (!options_.gate->is_on_trial(find_set(replacement.zone)->id, replacement.source)) break;
    Draft draft;
    for (const std::string_view name : frame) {
      const Change change{.zone = replacement.zone, .name = name, .source = replacement.source};
      if (!refusal_of(change).empty() || !fits(name, own)) continue;
      draft_addition(draft, own,
                     {.name = std::string{name},
                      .source = std::string{replacement.source},
                      .scope = replacement.scope});
    }
    if (auto done = commit(*writer, std::move(draft)); !done) {
      return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  return {};
}

Result<void> ZoneSet::bring_on_trial(const Replacement& replacement,
                                     const std::unordered_set<std::string_view>& wanted,
                                     Admission admission) {
  if (admission != Admission::on_trial && admission != Admission::trial_stays) return {};
  const ZoneFacts& zone = *find_set(replacement.zone);
  const ZoneFacts& own = *trial_zone_for(zone, Ring::own);
  const auto before = serial(own).value_or(0);
  if (admission == Admission::on_trial) {
    std::vector<std::string_view> missing;
    std::ranges::copy_if(wanted, std::back_inserter(missing), [&](std::string_view name) {
      return !holds(own, replacement.source, name, replacement.scope);
    });
    if (auto added = add_to_trial(replacement, missing); !added) return added;
  }
  const auto count = holdings_of(own, replacement.source).size();
  if (auto noted = options_.gate->note_trial_count(zone.id, replacement.source, count); !noted) {
    return noted;
  }
  const auto now = serial(own).value_or(0);
  if (now != before) tell(std::array{ZoneSerial{own.id, now}});
  return settle_trials();
}

Result<void> ZoneSet::settle_trials() {
  if (options_.gate == nullptr) return {};
  Result<std::vector<ZoneSerial>> serials;
  {
    auto writer = writer_->lock();  // so that no lift passes between the look and the change
    const auto trials = options_.gate->trials();
    const auto wanted = wanted_of(trials);
    Draft draft;
    for (const ZoneFacts& zone : all_zones()) {
      const bool is_used = state_->lock()->zone(zone).table->name_count() != 0;
      if (!zone.is_trial() || !is_used) continue;
      for (const Holding& held : holdings_in(zone)) {
        if (!wanted.has(held)) draft_removal(draft, zone, held);
      }
    }
    for (const HeldChange& change : trials) {
      for (const ZoneFacts* zone : zones_of_trial(change)) {
        for (const HeldName& name : change.names) {
          const bool is_over = name.until_ms != 0 && name.until_ms <= clock_.now_ms();
          if (is_over || !fits(name.name, *zone)) continue;
          if (!holds(*zone, name.source, name.name, name.scope)) draft_addition(draft, *zone, name);
        }
      }
      if (!change.is_set() || change.trial != Ring::partner) continue;
      const ZoneFacts& facts = *find_set(change.zone);
      const ZoneFacts& partner = *trial_zone_for(facts, Ring::partner);
      for (Holding& held : holdings_of(*trial_zone_for(facts, Ring::own), change.source)) {
        const bool is_there = holds(partner, held.source, held.name, held.scope);
        if (is_there || !fits(held.name, partner)) continue;
        draft_addition(
            draft, partner,
            {.name = std::move(held.name), .source = std::move(held.source), .scope = held.scope});
      }
    }
    serials = commit(*writer, std::move(draft));
    if (!serials) return propagate(std::move(serials).error(), "settle what is on trial");
  }
  tell(*serials);
  return {};
}

Result<std::size_t> ZoneSet::finish_trial(std::string_view zone_name, std::string_view source) {
  const ZoneFacts& zone = *find_set(zone_name);
  const ZoneFacts& own = *trial_zone_for(zone, Ring::own);
  const auto held = holdings_of(own, source);
  std::size_t count = 0;
  for (std::size_t from = 0; from < held.size(); from += operations_per_batch_max) {
    const auto frame =
        std::span{held}.subspan(from, std::min(held.size() - from, operations_per_batch_max));
    Result<std::vector<ZoneSerial>> serials;
    {
      auto writer = writer_->lock();
      if (options_.gate->is_stopped(zone)) {
        return fail(ErrorCode::conflict, "publication was stopped", "zone_stopped");
      }
      if (!options_.gate->is_on_trial(zone.id, source)) {
        return fail(ErrorCode::conflict, "its trial was ended meanwhile", "not_on_trial");
      }
      Draft draft;
      for (const Holding& one : frame) {
        // Taken out meanwhile, by an objection: it does not come back.
        if (!holds(own, one.source, one.name, one.scope)) continue;
        ++count;
        draft_addition(draft, zone, {.name = one.name, .source = one.source, .scope = one.scope});
        draft_end_of_trial(draft, {.zone = zone.id, .name = one.name, .source = one.source});
      }
      serials = commit(*writer, std::move(draft));
      if (!serials) return propagate(std::move(serials).error(), "end a trial");
    }
    tell(*serials);
  }
  return count;
}

}  // namespace khien::publish
