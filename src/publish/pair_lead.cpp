// Pair: a turn of who leads, beginning to, being back after it was alone, and stepping down.
#include <algorithm>
#include <chrono>
#include <future>

#include "base/log.h"
#include "dns/serial.h"
#include "publish/pair.h"

namespace khien::publish {
namespace {

constexpr std::chrono::milliseconds copy_look{100};
constexpr std::int64_t copy_pause_ms = 5'000;   // between two tries
constexpr std::uint32_t blocks_alone = 2;       // above what one that follows may show alone
constexpr std::uint32_t blocks_taken_over = 4;  // above what one that led may show alone

/// Where a whole log stands whose frames follow `place`.
std::vector<SharedFrame> chained(ZoneSet::LogPlace place, std::vector<Octets> frames) {
  std::vector<SharedFrame> out;
  out.reserve(frames.size());
  for (Octets& frame : frames) {
    place = {.position = place.position + 1, .chain = chain_after(place.chain, frame)};
    out.push_back({.place = place, .frame = std::move(frame)});
  }
  return out;
}

}  // namespace

Pair::Serials Pair::above(std::uint32_t blocks) const {
  Serials serials;
  for (const auto& one : parts_.zones.serials()) {
    auto from = one.serial;
    const auto ceiling = ceilings_.find(one.zone);
    if (ceiling != ceilings_.end() && dns::serial_before(from, ceiling->second)) {
      from = ceiling->second;
    }
    if (blocks == 0 && from == one.serial) continue;
    const auto target = blocks == 0 ? dns::serial_next(from)
                                    : dns::serial_add(from, blocks * options_.serial_block);
    serials[one.zone] = target == 0 ? 1 : target;
  }
  return serials;
}

void Pair::jump(const Serials& serials) {
  if (serials.empty()) return;
  std::vector<ZoneSerial> to;
  for (const auto& [zone, serial] : serials) to.push_back({.zone = zone, .serial = serial});
  if (auto jumped = parts_.zones.jump(to); !jumped) complain("serials_not_raised", jumped.error());
}

Result<std::vector<SharedFrame>> Pair::unshared(const PairView& view) {
  // Also without any: whoever is writing now is done afterwards, and nobody begins.
  const auto from = view.head.value_or(parts_.zones.place());
  auto frames = parts_.zones.frames_after(from.position);
  if (!frames) return tl::unexpected<Error>{std::move(frames).error()};
  return chained(from, std::move(*frames));
}

bool Pair::lead(const PairView& view, LeaseState lease) {
  set_role(PairRole::joins);
  auto frames = unshared(view);
  if (!frames) {
    complain("pair_unshared", frames.error());
    return take_copy(view);
  }
  std::optional<store::Lease> taken;
  auto done = parts_.database.transact_queue([&](store::Transaction& tx) -> Result<void> {
    taken.reset();
    auto seized = store::seize_lease(tx, parts_.clock, view.lease, pair_lease,
                                     options_.name + "/" + options_.start, pair_lease_ms);
    if (!seized) return tl::unexpected<Error>{std::move(seized).error()};
    if (!seized->has_value()) return {};
    // From here on the one before us writes no more; what it wrote until now must be ours, too.
    auto now = look_at_pair(tx, 0);
    if (!now) return tl::unexpected<Error>{std::move(now).error()};
    if (now->head != view.head) return fail(ErrorCode::conflict, "it has gone on", "moved");
    taken = std::move(*seized);
    return share_frames(tx, *taken, *frames);
  });
  if (!done || !taken) {
    if (!done) complain("lease_not_taken", done.error());
    return false;
  }
  renewed_ms_ = parts_.clock.steady_ms();
  state_.lock()->lease = *taken;
  note_ceilings();
  const bool was_killed = lease == LeaseState::stale;
  const auto floors = above(was_killed ? blocks_taken_over : 0);
  write_log(LogLevel::info, "publisher_leads",
            {{"name", options_.name},
             {"position", parts_.zones.place().position},
             {"after", view.lease ? std::string_view{view.lease->holder} : std::string_view{}},
             {"in_order", was_killed ? 0 : 1}});
  if (auto settled = settle_gate(view); !settled) complain("gate_unshared", settled.error());
  // The first one of all: no frame comes before there is a copy that it follows.
  if (!view.copy) {
    copied_ms_ = parts_.clock.steady_ms();
    if (auto written = write_copy(); !written) complain("copy_not_shared", written.error());
  }
  set_role(PairRole::leads, floors);
  takeovers_.add();
  jump(floors);
  if (was_killed) {
    for (auto& [name, heard] : heard_) heard.passed = true;
  }
  return true;
}

Result<void> Pair::settle_gate(const PairView& view) {
  const auto lease = role_and_lease().second;
  if (!lease) return {};
  if (view.gate_version && (*view.gate_version > parts_.gate.version() || gate_is_unsure_)) {
    auto gate = parts_.database.read([](store::Executor& db) { return read_shared_gate(db); });
    if (!gate) return tl::unexpected<Error>{std::move(gate).error()};
    auto adopted = parts_.gate.adopt(gate->content);
    if (adopted) gate_is_unsure_ = false;
    return adopted;
  }
  const auto content = parts_.gate.content();
  if (view.gate_version != content.version) {
    auto shared = parts_.database.transact_queue([&](store::Transaction& tx) {
      return share_gate(tx, *lease, {.version = content.version, .content = content.file});
    });
    if (!shared) return shared;
  }
  state_.lock()->gate_is_ahead = false;
  return {};
}

bool Pair::rejoin(const PairView& view) {
  const auto lease = role_and_lease().second;
  const bool is_ours = lease && view.lease && view.lease->token == lease->token &&
                       view.lease->holder == lease->holder;
  if (!is_ours || standing(view) == Standing::forked) {
    write_log(LogLevel::warning, "publisher_lease_lost", {{"name", options_.name}});
    note_ceilings();
    lose_lease();
    return true;
  }
  Serials floors;
  Serials bounds;
  {
    auto state = state_.lock();
    floors = state->floors;
    bounds = state->bounds;
  }
  set_role(PairRole::joins);
  auto frames = unshared(view);
  Result<void> shared{};
  if (!frames) shared = tl::unexpected<Error>{frames.error()};
  if (shared) {
    shared = parts_.database.transact_queue(
        [&](store::Transaction& tx) { return share_frames(tx, *lease, *frames); });
  }
  if (shared) shared = renew();
  if (shared) shared = settle_gate(view);
  if (shared) {
    write_log(LogLevel::info, "publisher_rejoined",
              {{"name", options_.name}, {"batches", frames->size()}});
    set_role(PairRole::leads);
    return true;
  }
  complain("pair_unshared", shared.error());
  if (shared.error().code == ErrorCode::conflict || shared.error().code == ErrorCode::not_found) {
    note_ceilings();
    lose_lease();
    return true;
  }
  set_role(PairRole::leads_alone);
  auto state = state_.lock();
  state->floors = std::move(floors);
  state->bounds = std::move(bounds);
  return false;
}

Result<void> Pair::renew() {
  const auto lease = role_and_lease().second;
  if (!lease) return fail(ErrorCode::conflict, "there is no lease to renew", "lease_lost");
  auto renewed = store::renew_lease(parts_.database, parts_.clock, *lease, pair_lease_ms);
  if (!renewed) return tl::unexpected<Error>{std::move(renewed).error()};
  state_.lock()->lease = std::move(*renewed);
  renewed_ms_ = parts_.clock.steady_ms();
  return {};
}

void Pair::raise_serials(const PairView& view) {
  const auto now_ms = parts_.clock.steady_ms();
  bool above_all = false;
  for (const PairMember& member : view.members) {
    if (member.name == options_.name) continue;
    for (const auto& one : member.ceilings) {
      auto& ceiling = ceilings_[one.zone];
      if (ceiling == 0 || dns::serial_before(ceiling, one.serial)) ceiling = one.serial;
    }
    // One that is not heard may be alone: followers must prefer us all the same.
    Heard& heard = heard_[member.name];
    const bool is_silent = !member.stopped && now_ms - heard.at_ms >= pair_unheard_ms;
    if (is_silent && !heard.passed) {
      heard.passed = true;
      above_all = true;
      write_log(LogLevel::warning, "other_publisher_silent", {{"name", member.name}});
    }
  }
  jump(above(above_all ? blocks_alone : 0));
}

bool Pair::keep_leading(const PairView& view) {
  const auto lease = role_and_lease().second;
  if (!lease || !view.lease || view.lease->token != lease->token) {
    write_log(LogLevel::warning, "publisher_lease_lost", {{"name", options_.name}});
    lose_lease();
    return true;
  }
  const auto now_ms = parts_.clock.steady_ms();
  if (auto renewed = renew_if_due(); !renewed) {
    complain("lease_not_renewed", renewed.error());
    if (renewed.error().reason == "lease_lost") lose_lease();
    return false;
  }
  complaint_.clear();
  raise_serials(view);
  if (state_.lock()->gate_is_ahead || !view.gate_version) {
    if (auto settled = settle_gate(view); !settled) complain("gate_unshared", settled.error());
  }
  const bool wants_copy =
      !view.copy ||
      (view.head && view.head->position >
                        view.copy->position + static_cast<std::uint64_t>(options_.frames_per_copy));
  if (wants_copy && now_ms - copied_ms_ >= copy_pause_ms) {
    copied_ms_ = now_ms;
    if (auto written = write_copy(); !written) complain("copy_not_shared", written.error());
  }
  return false;
}

Result<void> Pair::renew_if_due() {
  if (parts_.clock.steady_ms() - renewed_ms_ < pair_renew_ms) return {};
  return renew();
}

/// A copy of millions of names takes longer than the lease lasts.
Result<ZoneCopy> Pair::copy_meanwhile() {
  auto copying = std::async(std::launch::async, [&zones = parts_.zones] { return zones.copy(); });
  while (copying.wait_for(copy_look) != std::future_status::ready) {
    if (auto renewed = renew_if_due(); !renewed) return tl::unexpected<Error>{renewed.error()};
  }
  return copying.get();
}

Result<void> Pair::write_copy() {
  auto copy = copy_meanwhile();
  if (!copy) return tl::unexpected<Error>{std::move(copy).error()};
  std::int64_t part = 0;
  for (Bytes rest = copy->file; !rest.empty(); ++part) {
    if (auto renewed = renew_if_due(); !renewed) return renewed;
    const auto lease = role_and_lease().second;
    if (!lease) return fail(ErrorCode::conflict, "the lease is gone", "lease_lost");
    const Bytes content = rest.first(std::min(rest.size(), copy_part_size));
    rest = rest.subspan(content.size());
    auto added = parts_.database.transact_queue([&](store::Transaction& tx) {
      return add_copy_part(tx, *lease, copy->position, part, content);
    });
    if (!added) return added;
  }
  const auto lease = role_and_lease().second;
  if (!lease) return fail(ErrorCode::conflict, "the lease is gone", "lease_lost");
  return parts_.database.transact_queue([&](store::Transaction& tx) {
    return finish_copy(tx, *lease,
                       {.place = {.position = copy->position, .chain = copy->chain},
                        .part_count = part,
                        .frames_kept = options_.frames_kept});
  });
}

void Pair::step_down() {
  const auto [now, lease] = role_and_lease();
  set_role(PairRole::joins);
  (void)parts_.zones.jump({});  // whoever is writing is done afterwards
  if (now == PairRole::leads && lease) {
    if (auto given = store::give_up_lease(parts_.database, *lease); !given) {
      complain("lease_kept", given.error());
      return;
    }
    state_.lock()->lease.reset();
  }
  if (now != PairRole::leads_alone && now != PairRole::alone) beat(true);
}

}  // namespace khien::publish
