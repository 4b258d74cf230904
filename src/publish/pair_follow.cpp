// Pair: a turn of who follows.
#include <algorithm>

#include "base/log.h"
#include "publish/pair.h"

namespace khien::publish {

bool Pair::follow(const PairView& view) {
  const auto lease = watch(view.lease);
  const bool may_lead =
      lease == LeaseState::free || lease == LeaseState::ours_before || lease == LeaseState::stale;
  switch (standing(view)) {
    case Standing::forked: return take_copy(view);
    case Standing::ahead:
      if (may_lead) return lead(view, lease);
      // Whoever leads has gone on from where we parted.
      return lease == LeaseState::fresh && view.copy && take_copy(view);
    case Standing::in_line: break;
  }
  if (view.head->position > parts_.zones.place().position) return take_frames();
  complaint_.clear();
  if (may_lead) return lead(view, lease);
  set_role(PairRole::follows);
  take_gate(view);
  return false;
}

bool Pair::take_frames() {
  const auto place = parts_.zones.place();
  auto frames =
      parts_.database.read([&](store::Executor& db) { return frames_from(db, place.position); });
  if (!frames) {
    complain("pair_unread", frames.error());
    return false;
  }
  std::vector<Octets> octets;
  for (SharedFrame& one : *frames) octets.push_back(std::move(one.frame));
  if (auto followed = parts_.zones.follow(octets); !followed) {
    complain("pair_not_followed", followed.error());
    return false;
  }
  return true;
}

void Pair::discard(std::string_view why) {
  const auto place = parts_.zones.place();
  write_log(LogLevel::warning, "publisher_changes_discarded",
            {{"name", options_.name}, {"position", place.position}, {"why", why}});
  discarded_.add();
  gate_is_unsure_ = true;
}

bool Pair::take_copy(const PairView& view) {
  if (!view.copy) {
    complain("pair_without_copy", Error{ErrorCode::not_found, "the zones' copy is not there yet"});
    return false;
  }
  set_role(PairRole::joins);  // from here on nothing of ours is added
  beat(false);                // what we have shown is told before it is forgotten
  auto file = parts_.database.read([](store::Executor& db) { return read_copy(db); });
  if (!file) {
    complain("pair_unread", file.error());
    return false;
  }
  if (parts_.zones.place().position > 0) discard("the other publisher's log is another one");
  if (auto adopted = parts_.zones.adopt(*file); !adopted) {
    complain("pair_not_followed", adopted.error());
    return false;
  }
  write_log(LogLevel::info, "publisher_copied",
            {{"name", options_.name}, {"position", parts_.zones.place().position}});
  return true;
}

void Pair::take_gate(const PairView& view) {
  if (!view.gate_version) return;
  if (*view.gate_version == parts_.gate.version() && !gate_is_unsure_) return;
  auto gate = parts_.database.read([](store::Executor& db) { return read_shared_gate(db); });
  Result<void> adopted{};
  if (gate) adopted = parts_.gate.adopt(gate->content);
  if (!gate || !adopted) {
    return complain("pair_gate_not_followed", gate ? adopted.error() : gate.error());
  }
  gate_is_unsure_ = false;
}

}  // namespace khien::publish
