// ZoneSet: the gate before it, and rollback.
#include <algorithm>
#include <set>

#include "publish/gate_state.h"
#include "publish/zone_set.h"
#include "publish/zone_set_state.h"

namespace khien::publish {
namespace {

/// The basis of the zone that a source's names are tried for.
std::string_view tried_in(std::string_view source) noexcept {
  return is_list(source) ? "feeds" : "orders";
}

}  // namespace

/// Locks the state for each look: the gate asks little, and readers wait for none of it.
class ZoneSet::View final : public ZonesView {
 public:
  explicit View(Guarded<State>& state) : state_(state) {}
  std::size_t name_count(const ZoneFacts& zone) override {
    return state_.lock()->zone(zone).table->name_count();
  }
  std::size_t added_after(const ZoneFacts& zone, InstantMs at_ms) override {
    return state_.lock()->zone(zone).rules.added_after(at_ms);
  }
  Shown shown(const ZoneFacts& zone, const dns::Name& name) override {
    return state_.lock()->zone(zone).table->shown(name);
  }
  std::uint32_t serial(const ZoneFacts& zone) override { return state_.lock()->zone(zone).serial; }

 private:
  Guarded<State>& state_;
};

Result<std::vector<Change>> ZoneSet::pass_gate(std::span<const Change> changes, Applied& applied) {
  std::vector<Change> good;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    std::string reason = refusal_of(changes[i]);
    if (!reason.empty()) {
      applied.refused.push_back({.index = i, .reason = std::move(reason)});
      continue;
    }
    good.push_back(changes[i]);
    places.push_back(i);
  }
  if (options_.gate == nullptr) return good;
  View view{*state_};
  const auto admissions = options_.gate->admit(good, view);
  if (!admissions) return tl::unexpected<Error>{admissions.error()};
  std::vector<Change> passed;
  passed.reserve(good.size());
  for (std::size_t i = 0; i < good.size(); ++i) {
    switch ((*admissions)[i]) {
      case Admission::pass: passed.push_back(good[i]); break;
      case Admission::held: applied.held.push_back(places[i]); break;
      case Admission::gate_full:
        applied.refused.push_back({.index = places[i], .reason = "gate_full"});
        break;
      case Admission::over:
        applied.refused.push_back({.index = places[i], .reason = "no_such_change"});
        break;
      case Admission::on_trial:
      case Admission::trial_stays: break;  // said of lists alone
    }
  }
  return passed;
}

Result<Admission> ZoneSet::admit(const Replacement& replacement, const Difference& difference) {
  if (options_.gate == nullptr) return Admission::pass;
  View view{*state_};
  return options_.gate->admit_set({.zone = *find_set(replacement.zone),
                                   .source = replacement.source,
                                   .names = replacement.names,
                                   .adds = difference.wanted,
                                   .scope = replacement.scope,
                                   .warrant = replacement.warrant},
                                  view);
}

Result<Withdrawal> ZoneSet::rollback(std::string_view zone_name, std::uint32_t serial,
                                     const std::string& reason) {
  const ZoneFacts* facts = find_set(zone_name);
  if (facts == nullptr) return fail(ErrorCode::not_found, "no such zone", "unknown_zone");
  if (facts->is_trial()) {
    return fail(
        ErrorCode::invalid_argument,
        "nothing stands in a trial zone by itself: reject the change, or roll back its zone",
        "trial_zone");
  }
  Withdrawal withdrawal;
  Result<std::vector<ZoneSerial>> serials;
  {
    auto writer = writer_->lock();
    Draft draft;
    {
      auto state = state_->lock();
      State::Zone& zone = state->zone(*facts);
      // Nothing came after what is served, also where the log was just folded.
      const auto rules = serial == zone.serial ? std::optional{std::vector<AddedRule>{}}
                                               : zone.rules.since(serial);
      if (!rules) {
        return fail(ErrorCode::not_found,
                    "zone " + facts->id + " knows what came after the serials " +
                        std::to_string(zone.rules.oldest(zone.serial)) + " to " +
                        std::to_string(zone.serial) + ", not after " + std::to_string(serial),
                    "serial_unknown");
      }
      withdrawal.serial = zone.serial;
      std::set<std::pair<dns::Name, SourceIndex>> seen;
      for (const AddedRule& rule : *rules) {
        const dns::NameView name = zone.table->name_at(rule.name_at);
        const auto holders = zone.table->holders(name);
        const auto held = std::find_if(holders.begin(), holders.end(), [&](const Holder& holder) {
          return holder.source == rule.source;
        });
        // Lifted or lapsed since, or met before: one that came, went and came again.
        if (held == holders.end() || !seen.emplace(dns::Name{name}, rule.source).second) continue;
        std::string text = name.to_text();
        text.pop_back();
        withdrawal.rules.push_back({.name = std::move(text),
                                    .source = state->sources[rule.source],
                                    .scope = held->scope,
                                    .until_ms = held->until_ms});
        draft.operations(*facts).push_back({.kind = OperationKind::remove,
                                            .scope = Scope::host,
                                            .source = rule.source,
                                            .until_ms = 0,
                                            .name = dns::Name{name}});
      }
    }
    for (const Ring ring : trial_rings) {
      const ZoneFacts* trial = trial_zone_for(*facts, ring);
      if (trial == nullptr) break;
      for (const Holding& held : holdings_in(*trial)) {
        if (tried_in(held.source) == facts->id.substr(0, facts->id.find('-'))) {
          draft_removal(draft, *trial, held);
        }
      }
    }
    // The gate first: after a crash in between, the same rollback completes it.
    if (options_.gate != nullptr) {
      auto noted = options_.gate->note_withdrawn(*facts, serial, withdrawal.rules, reason);
      if (!noted) return propagate(std::move(noted).error(), "roll back");
    }
    serials = commit(*writer, std::move(draft));
    if (!serials) return propagate(std::move(serials).error(), "roll back");
  }
  withdrawal.serial = this->serial(*facts).value_or(withdrawal.serial);
  tell(*serials);
  return withdrawal;
}

}  // namespace khien::publish
