// Pair: what its thread does each turn: it looks, tells of itself, hears of the other, and then
// follows (pair_follow.cpp) or leads (pair_lead.cpp). What zones and gate ask of it is pair.cpp.
#include <algorithm>

#include "base/log.h"
#include "dns/serial.h"
#include "publish/pair.h"

namespace khien::publish {

void Pair::complain(std::string_view event, const Error& error) {
  if (complaint_ == error.message) return;
  complaint_ = error.message;
  write_log(LogLevel::warning, event, {{"error", error.message}});
}

Result<PairView> Pair::look() {
  const auto position = parts_.zones.place().position;
  auto view =
      parts_.database.read([position](store::Executor& db) { return look_at_pair(db, position); });
  if (view) state_.lock()->contact_ms = parts_.clock.steady_ms();
  return view;
}

void Pair::note_ceilings() {
  for (const auto& one : parts_.zones.serials()) {
    auto& ceiling = ceilings_[one.zone];
    if (ceiling == 0 || dns::serial_before(ceiling, one.serial)) ceiling = one.serial;
  }
}

void Pair::beat(bool stopped) {
  note_ceilings();
  PairMember member{.name = options_.name,
                    .start = options_.start,
                    .stopped = stopped,
                    .position = parts_.zones.place().position,
                    .address = options_.address,
                    .keys = options_.keys,
                    .followers = options_.followers ? options_.followers() : std::string{}};
  for (const auto& [zone, serial] : ceilings_) {
    member.ceilings.push_back({.zone = zone, .serial = serial});
  }
  auto told = parts_.database.transact_queue([&](store::Transaction& tx) -> Result<void> {
    if (stopped) tx.notify(channel_pair);
    return tell_of_member(tx, member);
  });
  if (!told) return complain("pair_untold", told.error());
  has_beaten_ = true;
  beat_ms_ = parts_.clock.steady_ms();
}

void Pair::hear(const PairView& view) {
  const auto now_ms = parts_.clock.steady_ms();
  const auto position = static_cast<std::int64_t>(parts_.zones.place().position);
  std::vector<PairStatus::Other> others;
  bool name_taken = false;
  std::string our_followers;
  for (const PairMember& member : view.members) {
    if (member.name != options_.name) continue;
    name_taken = has_beaten_ && member.start != options_.start;
    our_followers = member.followers;
  }
  for (const PairMember& member : view.members) {
    if (member.name == options_.name) continue;
    auto [heard, is_new] = heard_.try_emplace(member.name);
    if (is_new || heard->second.beat != member.beat) {
      heard->second = {.beat = member.beat, .at_ms = now_ms};
    }
    others.push_back(
        {.name = member.name,
         .address = member.address,
         .heard_ago_ms = now_ms - heard->second.at_ms,
         .behind = position - static_cast<std::int64_t>(member.position),
         .stopped = member.stopped,
         .followers_differ = has_beaten_ && !member.stopped && member.followers != our_followers});
  }
  std::string leader;
  if (view.lease && view.lease->until_ms != 0) {
    leader = view.lease->holder.substr(0, view.lease->holder.find('/'));
  }
  const auto head = view.head ? static_cast<std::int64_t>(view.head->position) : position;
  auto state = state_.lock();
  state->others = std::move(others);
  state->leader = std::move(leader);
  state->name_taken = name_taken;
  state->behind = std::max<std::int64_t>(head - position, 0);
  behind_.set(state->behind);
}

Pair::LeaseState Pair::watch(const std::optional<store::Lease>& lease) {
  const auto now_ms = parts_.clock.steady_ms();
  const auto same = [](const store::Lease& a, const store::Lease& b) {
    return a.token == b.token && a.until_ms == b.until_ms;
  };
  if (!lease || lease->until_ms == 0) {
    seen_lease_.reset();
    lease_was_renewed_ = false;
    return LeaseState::free;
  }
  if (!seen_lease_ || !same(*seen_lease_, *lease)) {
    lease_was_renewed_ = seen_lease_.has_value();
    seen_lease_ = lease;
    seen_lease_ms_ = now_ms;
  }
  if (lease->holder.starts_with(options_.name + "/")) return LeaseState::ours_before;
  if (now_ms - seen_lease_ms_ >= pair_lease_ms) return LeaseState::stale;
  return lease_was_renewed_ ? LeaseState::fresh : LeaseState::watched;
}

Pair::Standing Pair::standing(const PairView& view) const {
  if (!view.head) return Standing::ahead;  // nothing was shared yet: ours is what there is
  const auto ours = parts_.zones.place();
  if (view.head->position < ours.position) {
    const auto then = parts_.zones.chain_at(view.head->position);
    return then && *then == view.head->chain ? Standing::ahead : Standing::forked;
  }
  return view.chain_here == ours.chain ? Standing::in_line : Standing::forked;
}

bool Pair::turn() {
  auto view = look();
  if (!view) {
    complain("pair_database_away", view.error());
    return false;
  }
  hear(*view);
  if (parts_.clock.steady_ms() - beat_ms_ >= pair_renew_ms) beat(false);
  switch (role()) {
    case PairRole::leads: return keep_leading(*view);
    case PairRole::leads_alone: return rejoin(*view);
    case PairRole::joins:
    case PairRole::follows:
    case PairRole::alone: break;
  }
  return follow(*view);
}

}  // namespace khien::publish
