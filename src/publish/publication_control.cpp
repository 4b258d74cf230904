#include "publish/publication_control.h"

#include <algorithm>

#include "base/log.h"
#include "publish/follower_standing.h"
#include "publish/set_names.h"

namespace khien::publish {
namespace {

constexpr std::size_t untold_count_max = 1'000;

/// The zone's id, or "*" for none named.
Result<std::string> zone_id(const std::string& zone) {
  if (zone.empty()) return std::string{every_zone()};
  const ZoneFacts* facts = find_set(zone);
  if (facts == nullptr) return fail(ErrorCode::not_found, "no zone " + zone, "unknown_zone");
  if (facts->is_trial()) {
    return fail(ErrorCode::invalid_argument,
                "a trial zone goes with the zone that it is tried for: name that one",
                "trial_zone");
  }
  return facts->id;
}

void log_act(std::string_view event, std::string_view zone, const Hand& hand) {
  write_log(LogLevel::warning, event, {{"zone", zone}, {"by", hand.who}});
}

/// The name of a decision as its zone has it: people write what they read. Empty: all of the
/// change.
std::string name_decided(const HeldChange& change, const std::string& name) {
  return name.empty() ? name : held_name(find_set(change.zone)->of, name);
}

/// The part of a change that is decided on.
Result<HeldChange> part_of(HeldChange change, const std::string& name) {
  if (name.empty()) return change;
  const auto wanted = name_decided(change, name);
  std::erase_if(change.names, [&](const HeldName& held) { return held.name != wanted; });
  if (change.names.empty()) {
    return fail(ErrorCode::not_found, name + " does not wait in that change", "no_such_change");
  }
  return change;
}

}  // namespace

bool has_first(const HeldChange& change, const std::string& name) {
  return change.has_first(name_decided(change, name));
}

bool goes_in_stages(const HeldChange& change, const std::string& name, Course course) {
  const bool was_staged = has_first(change, name) && change.first_course == Course::in_stages;
  return was_staged || course == Course::in_stages;
}

PublicationControl::Status PublicationControl::status() const {
  auto held = gate_.held();
  std::optional<FollowersRecord> followers;
  if (followers_) followers = followers_();
  std::vector<TrialView> trials;
  for (const HeldChange& change : held) {
    if (change.trial) trials.push_back(view_of(change, followers ? &*followers : nullptr));
  }
  return {.zones = zones_.status(),
          .stopped = gate_.stopped(),
          .held = std::move(held),
          .trials = std::move(trials),
          .untold_count = gate_.notices(untold_count_max).size(),
          .pair = pair_ ? std::optional{pair_()} : std::nullopt};
}

Result<void> PublicationControl::stop(const std::string& zone, const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  auto id = zone_id(zone);
  if (!id) return tl::unexpected<Error>{std::move(id).error()};
  log_act("publication_stopped", *id, hand);
  if (auto stopped = gate_.stop(*id); !stopped) return stopped;
  return tell_log(hand, {.type = "publication.stopped", .zone = *id});
}

Result<void> PublicationControl::resume(const std::string& zone, const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  auto id = zone_id(zone);
  if (!id) return tl::unexpected<Error>{std::move(id).error()};
  if (auto resumed = gate_.resume(*id); !resumed) return resumed;
  log_act("publication_resumed", *id, hand);
  if (auto brought = bring_resumed(); !brought) {
    return tl::unexpected<Error>{std::move(brought).error()};
  }
  return tell_log(hand, {.type = "publication.resumed", .zone = *id});
}

Result<void> PublicationControl::tell_log(const Hand& hand, PublicAct act) {
  if (hand.place == Hand::Place::account) return {};
  if (act.zone == every_zone()) act.zone.clear();
  act.actor = hand.who;
  std::ranges::replace(act.actor, ' ', '-');  // a leaf takes codes alone
  return gate_.note_act(act);
}

Result<Withdrawal> PublicationControl::roll_back(const Rollback& rollback, const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  if (rollback.reason.size() > control_reason_size_max) {
    return fail(ErrorCode::limit_exceeded, "the reason is too long", "reason_too_long");
  }
  auto done = zones_.rollback(rollback.zone, rollback.serial, rollback.reason);
  if (!done) return done;
  write_log(LogLevel::warning, "zone_rolled_back",
            {{"zone", rollback.zone},
             {"to", rollback.serial},
             {"serial", done->serial},
             {"withdrawn", done->rules.size()},
             {"by", hand.who}});
  auto told = tell_log(hand, {.type = "publication.rolled_back",
                              .zone = find_set(rollback.zone)->id,
                              .serial = rollback.serial});
  if (!told) return tl::unexpected<Error>{std::move(told).error()};
  return done;
}

Result<std::size_t> PublicationControl::serve(const HeldChange& change, Warrant warrant) {
  std::vector<Change> changes;
  changes.reserve(change.names.size());
  for (const HeldName& held : change.names) {
    changes.push_back({.kind = ChangeKind::add,
                       .zone = change.zone,
                       .name = held.name,
                       .source = held.source,
                       .scope = held.scope,
                       .until_ms = held.until_ms,
                       .warrant = warrant == Warrant::released ? warrant : held.warrant,
                       .sequence = held.sequence});
  }
  auto applied = zones_.apply(changes);
  if (!applied) return tl::unexpected<Error>{std::move(applied).error()};
  std::vector<HeldName> served;
  for (std::size_t i = 0; i < change.names.size(); ++i) {
    const bool is_held =
        std::find(applied->held.begin(), applied->held.end(), i) != applied->held.end();
    const bool is_refused =
        std::any_of(applied->refused.begin(), applied->refused.end(),
                    [i](const RefusedChange& refused) { return refused.index == i; });
    if (!is_held && !is_refused) served.push_back(change.names[i]);
  }
  const auto serial = zones_.serial(*find_set(change.zone)).value_or(0);
  auto forgotten = gate_.forget_names(change.id, served, NoticeKind::published, serial, {});
  if (!forgotten) return tl::unexpected<Error>{std::move(forgotten).error()};
  return served.size();
}

Result<HeldChange> PublicationControl::releasable(const Decision& decision,
                                                  const Hand& hand) const {
  auto found = gate_.find(decision.id);
  if (!found) return found;
  if (gate_.is_stopped(*find_set(found->zone))) {
    return fail(ErrorCode::conflict, "zone " + found->zone + " is stopped: resume it first",
                "zone_stopped");
  }
  auto change = part_of(std::move(*found), decision.name);
  if (!change || !needs_two(change->reason)) return change;
  if (hand.place != Hand::Place::account) {
    return fail(ErrorCode::denied,
                "it touches names that people rely on: two persons release it, on the screen "
                "Publication; `reject` and `rollback` work here",
                "two_persons_needed");
  }
  if (change->first_by == hand.who && has_first(*change, decision.name)) {
    return fail(ErrorCode::denied, "somebody else must agree to it, too", "own_release");
  }
  return change;
}

Result<bool> PublicationControl::note_first(const HeldChange& change, const Decision& decision,
                                            const Hand& hand) {
  const auto name = name_decided(change, decision.name);
  if (!needs_two(change.reason) || change.has_first(name)) return false;
  if (auto noted = gate_.note_first(change.id, hand.who, decision.course, name); !noted) {
    return tl::unexpected<Error>{std::move(noted).error()};
  }
  return true;
}

Result<PublicationControl::Released> PublicationControl::let_through(const HeldChange& change) {
  if (!change.is_set()) {
    auto served = serve(change, Warrant::released);
    if (!served) return tl::unexpected<Error>{std::move(served).error()};
    return Released::served;
  }
  if (!change.trial) {
    if (auto permitted = gate_.permit_set(change.id); !permitted) {
      return tl::unexpected<Error>{std::move(permitted).error()};
    }
    return Released::permitted;
  }
  if (auto finished = zones_.finish_trial(change.zone, change.source); !finished) {
    return tl::unexpected<Error>{std::move(finished).error()};
  }
  if (auto over = gate_.finish_set_trial(change.id); !over) {
    return tl::unexpected<Error>{std::move(over).error()};
  }
  return Released::served;
}

Result<PublicationControl::Released> PublicationControl::try_first(const HeldChange& change) {
  if (auto begun = gate_.begin_trial(change.id, change.names); !begun) {
    return tl::unexpected<Error>{std::move(begun).error()};
  }
  if (auto settled = zones_.settle_trials(); !settled) {
    return tl::unexpected<Error>{std::move(settled).error()};
  }
  return Released::on_trial;
}

Result<PublicationControl::Released> PublicationControl::release(const Decision& decision,
                                                                 const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  auto change = releasable(decision, hand);
  if (!change) return tl::unexpected<Error>{std::move(change).error()};
  if (change->trial) {
    return fail(ErrorCode::conflict, "it is on trial already: advance it, or reject it",
                "on_trial");
  }
  const bool in_stages = goes_in_stages(*change, decision.name, decision.course);
  if (in_stages) {
    if (auto may = gate_.may_begin_trial(change->id); !may) {
      return tl::unexpected<Error>{std::move(may).error()};
    }
  }
  const auto waits = note_first(*change, decision, hand);
  if (!waits) return tl::unexpected<Error>{waits.error()};
  if (*waits) {
    log_act("held_change_first_release", change->zone, hand);
    return Released::waits_for_other;
  }
  log_act(in_stages ? "held_change_on_trial" : "held_change_released", change->zone, hand);
  const auto released = in_stages ? try_first(*change) : let_through(*change);
  if (!released) return released;
  return told_log(hand, in_stages ? "publication.tried" : "publication.released", *change,
                  *released);
}

Result<PublicationControl::Released> PublicationControl::advance(std::int64_t id,
                                                                 const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  auto change = releasable({.id = id}, hand);
  if (!change) return tl::unexpected<Error>{std::move(change).error()};
  if (!change->trial) {
    return fail(ErrorCode::conflict,
                "change " + std::to_string(id) + " is not on trial: release it in stages first",
                "not_on_trial");
  }
  if (change->count_on_trial() == 0) {
    return fail(ErrorCode::conflict,
                "the list has not brought its names on trial yet: it does within a minute",
                "trial_not_begun");
  }
  const auto waits = note_first(*change, {.id = id, .course = Course::in_stages}, hand);
  if (!waits) return tl::unexpected<Error>{waits.error()};
  if (*waits) {
    log_act("trial_first_advance", change->zone, hand);
    return Released::waits_for_other;
  }
  log_act("trial_advanced", change->zone, hand);
  const auto advanced = change->trial == Ring::partner ? let_through(*change) : widen(*change);
  if (!advanced) return advanced;
  return told_log(hand, "publication.advanced", *change, *advanced);
}

Result<PublicationControl::Released> PublicationControl::widen(const HeldChange& change) {
  if (auto widened = gate_.widen_trial(change.id); !widened) {
    return tl::unexpected<Error>{std::move(widened).error()};
  }
  if (auto settled = zones_.settle_trials(); !settled) {
    return tl::unexpected<Error>{std::move(settled).error()};
  }
  return Released::on_trial;
}

/// `outcome`, once the log will be told of the decision on `change`.
Result<PublicationControl::Released> PublicationControl::told_log(const Hand& hand,
                                                                  std::string_view type,
                                                                  const HeldChange& change,
                                                                  Released outcome) {
  auto told = tell_log(hand, {.type = type,
                              .zone = change.zone,
                              .reason = std::string{to_string(change.reason)},
                              .count = change.count()});
  if (!told) return tl::unexpected<Error>{std::move(told).error()};
  return outcome;
}

Result<void> PublicationControl::reject(const Decision& decision, const Hand& hand) {
  if (auto here = zones_.begin_act(); !here) return tl::unexpected<Error>{std::move(here).error()};
  if (decision.reason.size() > control_reason_size_max) {
    return fail(ErrorCode::limit_exceeded, "the reason is too long", "reason_too_long");
  }
  auto found = gate_.find(decision.id);
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  auto change = part_of(std::move(*found), decision.name);
  if (!change) return tl::unexpected<Error>{std::move(change).error()};
  log_act("held_change_rejected", change->zone, hand);
  auto done = change->is_set() ? gate_.refuse_set(change->id)
                               : gate_.forget_names(change->id, change->names, NoticeKind::rejected,
                                                    0, decision.reason);
  if (done && change->trial) done = zones_.settle_trials();
  if (!done) return done;
  return tell_log(hand, {.type = "publication.rejected",
                         .zone = change->zone,
                         .reason = std::string{to_string(change->reason)},
                         .count = change->count()});
}

TrialView PublicationControl::view_of(const HeldChange& change,
                                      const FollowersRecord* followers) const {
  const ZoneFacts& zone = *trial_zone_for(*find_set(change.zone), *change.trial);
  TrialView view{.change = change.id,
                 .stage = *change.trial,
                 .since_ms = change.trial_ms,
                 .zone = zone.id,
                 .serial = zones_.serial(zone).value_or(0),
                 .names = change.count_on_trial()};
  if (followers == nullptr) return view;
  view.followers.emplace();
  for (const FollowerRecord& follower : followers->followers) {
    const auto taken = std::ranges::find(follower.zones, &zone, &FollowerZoneRecord::zone);
    if (follower.ring != *change.trial || taken == follower.zones.end()) continue;
    const auto state = standing_of(*taken, followers->at_ms).state;
    const bool has_serial = state == FollowerState::current || state == FollowerState::silent;
    view.followers->push_back(
        {.name = follower.name, .has_it = has_serial && taken->served_serial == view.serial});
  }
  return view;
}

std::vector<Ring> PublicationControl::empty_stages(const ZoneFacts& zone) const {
  std::vector<Ring> empty;
  if (!followers_) return empty;
  const auto record = followers_();
  for (const Ring ring : trial_rings) {
    const ZoneFacts* trial = trial_zone_for(zone, ring);
    const bool any = std::ranges::any_of(record.followers, [&](const FollowerRecord& follower) {
      return follower.ring == ring &&
             std::ranges::find(follower.zones, trial, &FollowerZoneRecord::zone) !=
                 follower.zones.end();
    });
    if (trial != nullptr && !any) empty.push_back(ring);
  }
  return empty;
}

Result<std::size_t> PublicationControl::bring_resumed() {
  std::size_t count = 0;
  for (const HeldChange& change : gate_.resumable()) {
    auto served = serve(change, Warrant::none);
    if (!served) return served;
    count += *served;
  }
  return count;
}

}  // namespace khien::publish
