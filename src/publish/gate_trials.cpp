// Gate: changes that a person released in stages (ADR 0307). What the trial zones show follows from
// this (ZoneSet::settle_trials), so it is kept first.
#include "publish/gate.h"
#include "publish/gate_state.h"

namespace khien::publish {
namespace {

HeldChange* find_trial(HeldChanges& held, std::int64_t id) {
  const auto at = std::find_if(held.changes.begin(), held.changes.end(), [id](const auto& change) {
    return change.id == id && change.trial.has_value();
  });
  return at == held.changes.end() ? nullptr : &*at;
}

HeldChange* find_set_trial(HeldChanges& held, std::string_view zone, std::string_view source) {
  HeldChange* set = find_set(held, zone, source);
  return set != nullptr && set->trial ? set : nullptr;
}

tl::unexpected<Error> not_on_trial(std::int64_t id) {
  return fail(ErrorCode::conflict, "change " + std::to_string(id) + " is not on trial",
              "not_on_trial");
}

/// Takes `names` out of the change, as far as they still wait in it.
std::vector<HeldName> take_chosen(HeldChange& change, std::span<const HeldName> names) {
  std::unordered_set<std::string> keys;
  for (const HeldName& name : names) keys.insert(held_key(change.zone, name.source, name.name));
  const auto rest =
      std::stable_partition(change.names.begin(), change.names.end(), [&](const HeldName& name) {
        return !keys.contains(held_key(change.zone, name.source, name.name));
      });
  std::vector<HeldName> chosen(rest, change.names.end());
  change.names.erase(rest, change.names.end());
  return chosen;
}

/// Why it cannot be tried; nothing where it can.
Result<void> check_trial(const HeldChange& change) {
  if (change.trial) {
    return fail(ErrorCode::conflict, "it is on trial already: advance it", "on_trial");
  }
  // A list that was withdrawn or refused is judged anew first; until then nobody knows what it is.
  const bool is_unknown = change.is_set() && (change.refused || change.digest.empty() ||
                                              change.reason == HoldReason::rolled_back ||
                                              change.reason == HoldReason::rejected);
  if (is_unknown) {
    return fail(ErrorCode::conflict,
                "this list is judged anew first: release it, then see what it brings",
                "not_stageable");
  }
  if (trial_zone_for(*find_set(change.zone), Ring::own) == nullptr) {
    return fail(ErrorCode::conflict,
                "nothing is tried of zone " + change.zone + ": release it for all",
                "not_stageable");
  }
  return {};
}

tl::unexpected<Error> waits_no_more(std::int64_t id) {
  return fail(ErrorCode::not_found, "no change " + std::to_string(id) + " waits (any more)",
              "no_such_change");
}

}  // namespace

Result<void> Gate::may_begin_trial(std::int64_t id) {
  auto state = state_.lock();
  const auto& changes = state->kept.changes;
  const auto at = std::ranges::find(changes, id, &HeldChange::id);
  return at == changes.end() ? Result<void>{waits_no_more(id)} : check_trial(*at);
}

Result<std::int64_t> Gate::begin_trial(std::int64_t id, std::span<const HeldName> names) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  const auto at = std::ranges::find(next.changes, id, &HeldChange::id);
  if (at == next.changes.end()) return waits_no_more(id);
  HeldChange* change = &*at;
  if (auto may = check_trial(*change); !may) {
    return tl::unexpected<Error>{std::move(may).error()};
  }
  if (!change->is_set()) {
    auto chosen = take_chosen(*change, names);
    if (chosen.empty()) return waits_no_more(id);  // lifted meanwhile
    if (!change->names.empty()) {
      change->first_by.clear();  // who agreed, agreed to the others
      HeldChange part = *change;
      part.id = ++next.last_id;
      change = &next.changes.emplace_back(std::move(part));
    }
    change->names = std::move(chosen);
  }
  change->trial = Ring::own;
  change->trial_ms = clock_.now_ms();
  change->trial_count = 0;
  change->first_by.clear();
  const std::int64_t given = change->id;
  if (auto kept = keep(*state, std::move(next)); !kept) {
    return tl::unexpected<Error>{std::move(kept).error()};
  }
  generation_.fetch_add(1);
  return given;
}

Result<void> Gate::widen_trial(std::int64_t id) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_trial(next, id);
  if (change == nullptr || change->trial != Ring::own) return not_on_trial(id);
  change->trial = Ring::partner;
  change->trial_ms = clock_.now_ms();
  change->first_by.clear();
  auto kept = keep(*state, std::move(next));
  if (kept) generation_.fetch_add(1);
  return kept;
}

Result<void> Gate::finish_set_trial(std::int64_t id) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  const HeldChange* change = find_trial(next, id);
  if (change == nullptr || !change->is_set()) return {};  // the list was quicker to say so
  std::erase_if(next.changes, [id](const HeldChange& one) { return one.id == id; });
  auto kept = keep(*state, std::move(next));
  if (kept) generation_.fetch_add(1);  // what waited behind the trial is judged now
  return kept;
}

std::vector<HeldChange> Gate::trials() {
  auto state = state_.lock();
  std::vector<HeldChange> found;
  std::ranges::copy_if(state->kept.changes, std::back_inserter(found),
                       [](const HeldChange& change) { return change.trial.has_value(); });
  return found;
}

bool Gate::is_on_trial(std::string_view zone, std::string_view source) {
  auto state = state_.lock();
  return find_set_trial(state->kept, zone, source) != nullptr;
}

Result<void> Gate::note_trial_count(std::string_view zone, std::string_view source,
                                    std::size_t count) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_set_trial(next, zone, source);
  if (change == nullptr) return {};  // ended meanwhile
  change->trial_count = static_cast<std::int64_t>(count);
  return keep(*state, std::move(next));
}

}  // namespace khien::publish
