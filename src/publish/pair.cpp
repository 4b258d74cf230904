// Pair: what zones and gate ask of it, and its roles. Its turns are pair_turn.cpp.
#include "publish/pair.h"

#include <algorithm>

#include "base/log.h"
#include "dns/serial.h"

namespace khien::publish {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= pair_name_size_max &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

/// Which kinds of keys ("seal=3f…" in a line each) both have, and differently.
std::string differing(std::string_view ours, std::string_view theirs) {
  std::string names;
  while (!ours.empty()) {
    const auto line = ours.substr(0, ours.find('\n'));
    ours.remove_prefix(std::min(ours.size(), line.size() + 1));
    const auto kind = line.substr(0, line.find('=') + 1);
    const auto at = theirs.find(kind);
    if (kind.empty() || at == std::string_view::npos) continue;
    if (theirs.substr(at, theirs.substr(at).find('\n')) == line) continue;
    if (!names.empty()) names += ", ";
    names += kind.substr(0, kind.size() - 1);
  }
  return names;
}

}  // namespace

std::string_view to_string(PairRole role) noexcept {
  switch (role) {
    case PairRole::joins: return "joins";
    case PairRole::leads: return "leads";
    case PairRole::leads_alone: return "leads_alone";
    case PairRole::follows: return "follows";
    case PairRole::alone: break;
  }
  return "alone";
}

Pair::Pair(const Parts& parts, PairOptions options)
    : parts_(parts),
      options_(std::move(options)),
      leads_(parts.metrics.gauge("khien_publish_leads", "1 while this publisher leads the pair")),
      behind_(parts.metrics.gauge("khien_publish_pair_behind",
                                  "Batches of the pair's log that this publisher has yet to take")),
      takeovers_(parts.metrics.counter("khien_publish_takeovers_total",
                                       "Times that this publisher began to lead the pair")),
      discarded_(parts.metrics.counter("khien_publish_pair_discarded_total",
                                       "Times that this publisher's own changes gave way to those "
                                       "of the pair")) {
  state_.lock()->contact_ms = parts_.clock.steady_ms();
  for (const auto& one : parts_.zones.serials()) ceilings_[one.zone] = one.serial;
}

Result<std::unique_ptr<Pair>> Pair::join(const Parts& parts, PairOptions options) {
  if (!is_name(options.name)) {
    return fail(ErrorCode::invalid_argument,
                "a publisher's name has up to 32 of a to z, digits and hyphens", "bad_name");
  }
  std::unique_ptr<Pair> pair{new Pair{parts, std::move(options)}};
  if (auto fits = pair->check_keys(); !fits) return tl::unexpected<Error>{std::move(fits).error()};
  parts.zones.set_guard(pair.get());
  parts.gate.set_share([raw = pair.get()](const Gate::Content& content) {
    return raw->share_gate_content(content);
  });
  return pair;
}

Pair::~Pair() {
  parts_.zones.set_guard(nullptr);
  parts_.gate.set_share({});
}

Result<void> Pair::check_keys() {
  auto view = look();
  if (!view) return propagate(std::move(view).error(), "join the other publisher");
  for (const PairMember& member : view->members) {
    if (member.name == options_.name) {
      // What we showed before a restart, as far as it was told.
      for (const auto& one : member.ceilings) {
        auto& ceiling = ceilings_[one.zone];
        if (dns::serial_before(ceiling, one.serial)) ceiling = one.serial;
      }
      continue;
    }
    const auto names = differing(options_.keys, member.keys);
    if (names.empty()) continue;
    return fail(ErrorCode::conflict,
                "this publisher and \"" + member.name + "\" have different keys (" + names +
                    "): copy STATE/keys from there (docs/runbooks/pair.md)",
                "keys_differ");
  }
  return {};
}

PairRole Pair::role() { return state_.lock()->role; }

std::int64_t Pair::term() {
  auto state = state_.lock();
  const bool leads = state->role == PairRole::leads || state->role == PairRole::leads_alone;
  return leads && state->lease ? state->lease->token : 0;
}

PublisherDuty Pair::duty() {
  {
    auto state = state_.lock();
    switch (state->role) {
      case PairRole::leads:
      case PairRole::leads_alone: return PublisherDuty::everything;
      case PairRole::alone: return PublisherDuty::lapses;
      case PairRole::joins:
      case PairRole::follows: break;
    }
    // Decided here and not in turn(), which may hang in the database.
    if (parts_.clock.steady_ms() - state->contact_ms < pair_alone_ms) return PublisherDuty::nothing;
  }
  lapse_alone();
  return PublisherDuty::lapses;
}

PairStatus Pair::status() {
  auto state = state_.lock();
  return {.role = state->role,
          .name = options_.name,
          .leader = state->leader,
          .others = state->others,
          .behind = state->behind,
          .away_ms = parts_.clock.steady_ms() - state->contact_ms,
          .name_taken = state->name_taken};
}

tl::unexpected<Error> Pair::other_leads() {
  const auto leader = state_.lock()->leader;
  const auto who = leader.empty() || leader == options_.name ? "the other publisher"
                                                             : "publisher \"" + leader + "\"";
  return fail(ErrorCode::conflict,
              who +
                  " leads: do it there. If it is gone, this one leads by itself within 5 seconds: "
                  "then try again",
              "other_leads");
}

std::pair<PairRole, std::optional<store::Lease>> Pair::role_and_lease() {
  auto state = state_.lock();
  return {state->role, state->lease};
}

void Pair::set_role(PairRole role, Serials floors) {
  {
    auto state = state_.lock();
    if (state->role == role) return;
    state->role = role;
    if (role == PairRole::leads || role == PairRole::follows || role == PairRole::joins) {
      state->floors = std::move(floors);
      state->bounds.clear();
    }
    if (role == PairRole::leads || role == PairRole::leads_alone) state->leader = options_.name;
  }
  leads_.set(role == PairRole::leads || role == PairRole::leads_alone ? 1 : 0);
  write_log(LogLevel::info, "publisher_role", {{"role", to_string(role)}, {"name", options_.name}});
  if (parts_.role_changed) parts_.role_changed();
}

void Pair::lose_lease() {
  {
    auto state = state_.lock();
    state->lease.reset();
    if (state->leader == options_.name) state->leader.clear();
  }
  set_role(PairRole::joins);  // until it is seen where the other one stands
}

/// The serials that one which is alone may give: the block of that number, counted from `base`.
void Pair::count_alone(State& state, std::uint32_t first_block) const {
  for (const auto& [zone, serial] : state.base) {
    const auto from = dns::serial_add(serial, first_block * options_.serial_block);
    state.bounds[zone] = dns::serial_add(from, options_.serial_block - pair_serial_gap);
    if (first_block > 0) state.floors[zone] = from == 0 ? 1 : from;
  }
}

void Pair::lead_alone(const Error& error) {
  const auto serials = parts_.zones.serials();
  {
    auto state = state_.lock();
    if (state->role != PairRole::leads) return;
    state->base.clear();
    for (const auto& one : serials) state->base[one.zone] = one.serial;
    count_alone(*state, 0);
  }
  write_log(LogLevel::warning, "publisher_alone", {{"error", error.message}});
  set_role(PairRole::leads_alone);
}

void Pair::lapse_alone() {
  const auto serials = parts_.zones.serials();
  {
    auto state = state_.lock();
    if (state->role != PairRole::joins && state->role != PairRole::follows) return;
    state->base.clear();
    for (const auto& one : serials) state->base[one.zone] = one.serial;
    count_alone(*state, 1);
  }
  write_log(LogLevel::warning, "publisher_alone", {{"name", options_.name}});
  // set_role() leaves floors and bounds of this role as they are.
  set_role(PairRole::alone);
}

Result<void> Pair::begin_act() {
  const auto now = role();
  if (now == PairRole::joins || now == PairRole::follows) return other_leads();
  auto state = state_.lock();
  if (state->role == PairRole::leads_alone) count_alone(*state, 2);
  return {};
}

std::optional<std::uint32_t> Pair::serial_floor(const ZoneFacts& zone) {
  auto state = state_.lock();
  const auto floor = state->floors.find(zone.id);
  return floor == state->floors.end() ? std::nullopt : std::optional{floor->second};
}

Result<void> Pair::check_bounds(const Batch& batch) {
  auto state = state_.lock();
  for (const ZoneBatch& zone : batch.zones) {
    const auto bound = state->bounds.find(zone.zone);
    if (bound == state->bounds.end() || dns::serial_before(zone.serial, bound->second)) continue;
    return fail(ErrorCode::limit_exceeded,
                "this publisher has been without the database for too many changes of zone " +
                    zone.zone + ": bring the database back",
                "serials_used_up");
  }
  return {};
}

Result<void> Pair::share(const Batch& batch, Bytes payload, const crypto::Sha256Digest& chain) {
  const auto [now, lease] = role_and_lease();
  if (now == PairRole::joins || now == PairRole::follows) return other_leads();
  if (now != PairRole::leads) return check_bounds(batch);
  std::vector<SharedFrame> frames{
      {.place = {.position = batch.position, .chain = chain}, .frame = to_octets(payload)}};
  auto shared = call_.run(
      [&database = parts_.database, held = *lease, frames = std::move(frames)] {
        return database.transact_queue(
            [&](store::Transaction& tx) { return share_frames(tx, held, frames); });
      },
      pair_share_ms);
  if (shared) return {};
  if (shared.error().code == ErrorCode::conflict) {
    // Another has the lease, or has written at this position with it.
    write_log(LogLevel::warning, "publisher_lease_lost", {{"name", options_.name}});
    lose_lease();
    return other_leads();
  }
  lead_alone(shared.error());
  return check_bounds(batch);
}

void Pair::not_written() noexcept {
  // The database has what our disk has not: whoever has room goes on from there.
  if (role() == PairRole::leads) lose_lease();
}

Result<void> Pair::share_gate_content(const Gate::Content& content) {
  const auto [now, lease] = role_and_lease();
  if (now == PairRole::joins || now == PairRole::follows) return other_leads();
  if (now != PairRole::leads) {
    state_.lock()->gate_is_ahead = true;
    return {};
  }
  auto shared = call_.run(
      [&database = parts_.database, held = *lease,
       gate = SharedGate{.version = content.version, .content = content.file}] {
        return database.transact_queue(
            [&](store::Transaction& tx) { return share_gate(tx, held, gate); });
      },
      pair_share_ms);
  if (shared) return {};
  if (shared.error().code == ErrorCode::conflict) {
    lose_lease();
    return other_leads();
  }
  lead_alone(shared.error());
  state_.lock()->gate_is_ahead = true;
  return {};
}

}  // namespace khien::publish
