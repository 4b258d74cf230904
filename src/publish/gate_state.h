// What the parts of Gate share. Internal to gate*.cpp.
#pragma once

#include <algorithm>

#include "publish/gate.h"

namespace khien::publish {

[[nodiscard]] inline std::string held_key(std::string_view zone, std::string_view source,
                                          std::string_view name) {
  std::string key{zone};
  // No zone, source or name has a line feed in it.
  key.append(1, '\n').append(source).append(1, '\n').append(name);
  return key;
}

/// True for sources that bring whole lists (ZoneSet::replace), whose names are kept elsewhere.
[[nodiscard]] inline bool is_list(std::string_view source) noexcept {
  return source.starts_with("feed:");
}

[[nodiscard]] inline bool is_stopped_in(const HeldChanges& held, const ZoneFacts& zone) {
  return held.stopped.contains(zone.id) || held.stopped.contains(std::string{every_zone()});
}

[[nodiscard]] inline std::size_t held_name_count(const HeldChanges& held) noexcept {
  std::size_t count = 0;
  for (const HeldChange& change : held.changes) count += change.names.size();
  return count;
}

[[nodiscard]] inline HeldChange* find_set(HeldChanges& held, std::string_view zone,
                                          std::string_view source) {
  const auto at = std::find_if(held.changes.begin(), held.changes.end(), [&](const auto& change) {
    return change.is_set() && change.zone == zone && change.source == source;
  });
  return at == held.changes.end() ? nullptr : &*at;
}

/// The change of orders' names for that reason; made if there is none.
[[nodiscard]] inline HeldChange& names_waiting(HeldChanges& held, std::string_view zone,
                                               HoldReason reason, InstantMs now_ms,
                                               std::uint32_t serial) {
  const auto at = std::find_if(held.changes.begin(), held.changes.end(), [&](const auto& change) {
    return !change.is_set() && !change.trial && change.zone == zone && change.reason == reason;
  });
  if (at != held.changes.end()) return *at;
  held.changes.push_back({.id = ++held.last_id,
                          .zone = std::string{zone},
                          .reason = reason,
                          .at_ms = now_ms,
                          .serial = serial});
  return held.changes.back();
}

/// It waits again, as before its trial.
inline void end_trial_of(HeldChange& change) {
  change.trial.reset();
  change.trial_ms = 0;
  change.trial_count = 0;
  change.first_by.clear();
}

/// Takes one order's name out of whatever it waits in. True if it did wait.
inline bool take_name_out(HeldChanges& held, std::string_view zone, std::string_view source,
                          std::string_view name) {
  for (auto change = held.changes.begin(); change != held.changes.end(); ++change) {
    if (change->zone != zone || change->is_set()) continue;
    const auto gone = std::erase_if(change->names, [&](const HeldName& one) {
      return one.source == source && one.name == name;
    });
    if (gone == 0) continue;
    if (change->names.empty()) held.changes.erase(change);
    return true;
  }
  return false;
}

}  // namespace khien::publish
