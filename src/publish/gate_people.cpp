// Gate: what people do with what waits, and what the publisher carries away.
#include "base/log.h"
#include "publish/gate.h"
#include "publish/gate_state.h"

namespace khien::publish {
namespace {

tl::unexpected<Error> no_change(std::int64_t id) {
  return fail(ErrorCode::not_found,
              "no change " + std::to_string(id) + " waits (any more): look at what is held",
              "no_such_change");
}

HeldChange* find_change(HeldChanges& held, std::int64_t id) {
  const auto at = std::find_if(held.changes.begin(), held.changes.end(),
                               [id](const HeldChange& change) { return change.id == id; });
  return at == held.changes.end() ? nullptr : &*at;
}

/// Forgets changes of orders of which nothing is left.
void drop_empty(HeldChanges& held) {
  std::erase_if(held.changes,
                [](const HeldChange& change) { return !change.is_set() && change.names.empty(); });
}

void add_notice(HeldChanges& held, GateNotice notice) {
  if (held.notices.size() >= gate_notices_max) {
    write_log(LogLevel::error, "gate_notice_lost", {{"source", notice.source}});
    return;
  }
  notice.id = ++held.last_id;
  held.notices.push_back(std::move(notice));
}

/// The list waits from now on, whatever it brings next.
void guard_set(HeldChanges& held, const ZoneFacts& zone, const std::string& source,
               std::uint32_t serial, InstantMs now_ms) {
  HeldChange* waiting = find_set(held, zone.id, source);
  if (waiting == nullptr) {
    held.changes.push_back({.id = ++held.last_id, .zone = zone.id});
    waiting = &held.changes.back();
    waiting->source = source;
  }
  if (waiting->reason == HoldReason::rolled_back && waiting->serial == serial) return;
  waiting->reason = HoldReason::rolled_back;
  waiting->at_ms = now_ms;
  waiting->serial = serial;
  waiting->first_by.clear();
  waiting->digest.clear();
  waiting->add_count = 0;
  waiting->examples.clear();
  waiting->refused = false;
  end_trial_of(*waiting);
}

}  // namespace

Result<void> Gate::note_withdrawn(const ZoneFacts& zone, std::uint32_t serial,
                                  std::span<const WithdrawnRule> rules, const std::string& reason) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  const auto now_ms = clock_.now_ms();
  next.stopped.insert(zone.id);
  for (HeldChange& change : next.changes) {
    if (change.zone == zone.id && change.trial) end_trial_of(change);
  }
  std::size_t room = held_names_max - std::min(held_names_max, held_name_count(next));
  for (const WithdrawnRule& rule : rules) {
    if (is_list(rule.source)) {
      next.permits.erase({zone.id, rule.source});
      guard_set(next, zone, rule.source, serial, now_ms);
      HeldChange& waiting = *find_set(next, zone.id, rule.source);
      ++waiting.add_count;
      if (waiting.examples.size() < held_examples_max) waiting.examples.push_back(rule.name);
      continue;
    }
    if (state->keys.contains(held_key(zone.id, rule.source, rule.name))) {
      take_name_out(next, zone.id, rule.source, rule.name);
    }
    // Without room it does not wait here; it is withdrawn and told all the same.
    if (room > 0) {
      --room;
      HeldChange& waiting = names_waiting(next, zone.id, HoldReason::rolled_back, now_ms, serial);
      waiting.serial = serial;
      waiting.names.push_back({.name = rule.name,
                               .source = rule.source,
                               .scope = rule.scope,
                               .until_ms = rule.until_ms});
    }
    add_notice(next, {.kind = NoticeKind::withdrawn,
                      .zone = zone.id,
                      .source = rule.source,
                      .name = rule.name,
                      .serial = serial,
                      .reason = reason});
  }
  return keep(*state, std::move(next));
}

std::vector<HeldChange> Gate::held() { return state_.lock()->kept.changes; }

Result<HeldChange> Gate::find(std::int64_t id) {
  auto state = state_.lock();
  const HeldChange* change = find_change(state->kept, id);
  if (change == nullptr) return no_change(id);
  return *change;
}

std::set<std::string> Gate::stopped() { return state_.lock()->kept.stopped; }

bool Gate::is_stopped(const ZoneFacts& zone) {
  auto state = state_.lock();
  return is_stopped_in(state->kept, zone);
}

Result<void> Gate::stop(const std::string& zone) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  next.stopped.insert(zone);
  return keep(*state, std::move(next));
}

Result<void> Gate::resume(const std::string& zone) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  if (zone == every_zone()) {
    next.stopped.clear();
  } else if (next.stopped.contains(std::string{every_zone()})) {
    return fail(ErrorCode::conflict, "every zone is stopped: resume without naming a zone",
                "all_stopped");
  } else if (next.stopped.erase(zone) == 0) {
    return fail(ErrorCode::conflict, "zone " + zone + " is not stopped", "not_stopped");
  }
  // Lists come again by themselves; names of orders wait until they are judged (resumable()).
  std::erase_if(next.changes, [&](const HeldChange& change) {
    return change.is_set() && change.reason == HoldReason::stopped &&
           !is_stopped_in(next, *find_set(change.zone));
  });
  auto kept = keep(*state, std::move(next));
  if (kept) generation_.fetch_add(1);
  return kept;
}

std::vector<HeldChange> Gate::resumable() {
  auto state = state_.lock();
  std::vector<HeldChange> changes;
  for (const HeldChange& change : state->kept.changes) {
    if (change.is_set() || change.trial || change.reason != HoldReason::stopped) continue;
    if (!is_stopped_in(state->kept, *find_set(change.zone))) changes.push_back(change);
  }
  return changes;
}

Result<void> Gate::note_first(std::int64_t id, const std::string& by, Course course,
                              const std::string& name) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_change(next, id);
  if (change == nullptr) return no_change(id);
  change->first_by = by;
  change->first_name = name;
  change->first_course = course;
  return keep(*state, std::move(next));
}

Result<void> Gate::forget_names(std::int64_t id, std::span<const HeldName> names, NoticeKind kind,
                                std::uint32_t serial, const std::string& reason) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_change(next, id);
  if (change == nullptr) return {};  // lifted meanwhile, all of it
  const std::string zone = change->zone;
  std::unordered_set<std::string> keys;
  for (const HeldName& name : names) keys.insert(held_key(zone, name.source, name.name));
  // In one pass each: there may be thousands.
  std::vector<HeldName> gone;
  for (HeldChange& one : next.changes) {
    if (one.is_set() || one.zone != zone) continue;
    std::erase_if(one.names, [&](const HeldName& name) {
      if (!keys.contains(held_key(zone, name.source, name.name))) return false;
      gone.push_back(name);
      return true;
    });
  }
  drop_empty(next);
  std::erase_if(next.notices, [&](const GateNotice& notice) {
    return notice.kind == NoticeKind::withdrawn &&
           keys.contains(held_key(notice.zone, notice.source, notice.name));
  });
  for (const HeldName& name : gone) {
    if (kind == NoticeKind::published && name.sequence == 0) continue;
    add_notice(next, {.kind = kind,
                      .zone = zone,
                      .source = name.source,
                      .name = name.name,
                      .sequence = name.sequence,
                      .serial = serial,
                      .reason = reason});
  }
  auto kept = keep(*state, std::move(next));
  // What a person has released is no burst.
  if (kept && kind == NoticeKind::published) {
    state->window_from_ms[zone] = clock_.now_ms();
  }
  return kept;
}

Result<void> Gate::permit_set(std::int64_t id) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_change(next, id);
  if (change == nullptr || !change->is_set()) return no_change(id);
  const bool is_guard =
      change->reason == HoldReason::rolled_back || change->reason == HoldReason::rejected;
  // The end of a guard is no licence: what the list brings next is judged like any other.
  if (!is_guard) next.permits[{change->zone, change->source}] = change->digest;
  std::erase_if(next.changes, [id](const HeldChange& one) { return one.id == id; });
  auto kept = keep(*state, std::move(next));
  if (kept) generation_.fetch_add(1);
  return kept;
}

Result<void> Gate::refuse_set(std::int64_t id) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  HeldChange* change = find_change(next, id);
  if (change == nullptr || !change->is_set()) return no_change(id);
  next.permits.erase({change->zone, change->source});
  change->reason = HoldReason::rejected;
  change->refused = true;
  end_trial_of(*change);
  return keep(*state, std::move(next));
}

Result<bool> Gate::lapse() {
  auto state = state_.lock();
  const auto now_ms = clock_.now_ms();
  const auto is_over = [now_ms](const HeldName& name) {
    return name.until_ms != 0 && name.until_ms <= now_ms;
  };
  const bool any =
      std::any_of(state->kept.changes.begin(), state->kept.changes.end(), [&](const auto& change) {
        return std::any_of(change.names.begin(), change.names.end(), is_over);
      });
  if (!any) return false;
  HeldChanges next = state->kept;
  for (HeldChange& change : next.changes) std::erase_if(change.names, is_over);
  std::erase_if(next.changes,
                [](const HeldChange& change) { return !change.is_set() && change.names.empty(); });
  if (auto kept = keep(*state, std::move(next)); !kept) {
    return tl::unexpected<Error>{std::move(kept).error()};
  }
  return true;
}

Result<void> Gate::note_act(const PublicAct& act) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  add_notice(next, {.kind = NoticeKind::act,
                    .zone = act.zone.empty() ? std::string{every_zone()} : act.zone,
                    .source = act.actor,
                    .name = std::string{act.type},
                    .sequence = act.count,
                    .serial = static_cast<std::uint32_t>(act.serial),
                    .reason = act.reason});
  return keep(*state, std::move(next));
}

bool Gate::holds(std::string_view zone, std::string_view source, std::string_view name) {
  return state_.lock()->keys.contains(held_key(zone, source, name));
}

std::vector<GateNotice> Gate::notices(std::size_t count_max) {
  auto state = state_.lock();
  const auto& all = state->kept.notices;
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(count_max, all.size()))};
}

Result<void> Gate::forget_notices(std::int64_t up_to_id) {
  auto state = state_.lock();
  HeldChanges next = state->kept;
  std::erase_if(next.notices,
                [up_to_id](const GateNotice& notice) { return notice.id <= up_to_id; });
  return keep(*state, std::move(next));
}

}  // namespace khien::publish
