#include "resolver/upstream_health.h"

#include <algorithm>
#include <cstdlib>

#include "base/assert.h"

namespace khien::resolver {
namespace {

// One writer: a load and a store, without the bus lock of fetch_add.
void bump(std::atomic<std::uint64_t>& number) noexcept {
  number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Of one that never answered: slower than a neighbour, faster than one across an ocean.
constexpr std::int64_t rtt_unknown_us = 20'000;

constexpr std::int64_t granularity_us = 10'000;

// How likely an upstream is chosen: by the square of its speed, so that one ten times as slow gets
// a hundredth. Counted in tenths of a millisecond above one, below which differences are noise.
std::uint64_t weight_of(std::int64_t srtt_us) noexcept {
  const auto slow = static_cast<std::uint64_t>(srtt_us == 0 ? rtt_unknown_us : srtt_us) / 100 + 10;
  return std::max<std::uint64_t>((std::uint64_t{1} << 40) / (slow * slow), 1);
}

}  // namespace

UpstreamHealth::UpstreamHealth(std::size_t count)
    : count_(count), upstreams_(std::make_unique<Upstream[]>(count)) {}

std::optional<std::size_t> UpstreamHealth::choose(std::span<const std::uint16_t> candidates,
                                                  std::uint32_t tried, Rng& random) const noexcept {
  KHIEN_ASSERT(candidates.size() <= candidates_max);
  // The healthiest that are left.
  std::optional<UpstreamState> best;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if ((tried >> i & 1) != 0) continue;
    const UpstreamState its = state(candidates[i]);
    if (best && its > *best) continue;
    if (!best || its < *best) total = 0;
    best = its;
    total += weight_of(at(candidates[i]).srtt_us);
  }
  if (!best) return std::nullopt;
  std::uint64_t ticket = candidates.size() == 1 ? 0 : random.next_u64() % total;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if ((tried >> i & 1) != 0 || state(candidates[i]) != *best) continue;
    const std::uint64_t weight = weight_of(at(candidates[i]).srtt_us);
    if (ticket < weight) return i;
    ticket -= weight;
  }
  return std::nullopt;
}

std::optional<std::size_t> UpstreamHealth::explore(std::span<const std::uint16_t> candidates,
                                                   std::size_t chosen,
                                                   std::int64_t now_ms) noexcept {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i == chosen) continue;
    Upstream& upstream = at(candidates[i]);
    if (state(candidates[i]) == UpstreamState::up) {
      if (!upstream.asked_ever || now_ms - upstream.asked_at_ms >= explore_after_ms) return i;
    } else if (now_ms >= upstream.probe_at_ms) {
      upstream.probe_at_ms = now_ms + upstream.probe_pause_ms;
      upstream.probe_pause_ms = std::min(upstream.probe_pause_ms * 2, probe_max_ms);
      return i;
    }
  }
  return std::nullopt;
}

std::int64_t UpstreamHealth::answer_wait_ms(std::uint16_t upstream) const noexcept {
  const Upstream& its = at(upstream);
  if (its.srtt_us == 0) return answer_wait_unknown_ms;
  // RFC 6298 (2.3), with a granularity that covers a scheduler's whims.
  return std::clamp((its.srtt_us + std::max(granularity_us, 4 * its.variance_us)) / 1'000,
                    answer_wait_min_ms, answer_wait_max_ms);
}

void UpstreamHealth::set_state(Upstream& upstream, UpstreamState state,
                               std::int64_t now_ms) noexcept {
  const auto before = upstream.figures.state.load(std::memory_order_relaxed);
  if (before == state) return;
  upstream.figures.state.store(state, std::memory_order_relaxed);
  if (before != UpstreamState::up) return;
  upstream.probe_pause_ms = probe_first_ms;
  upstream.probe_at_ms = now_ms + probe_first_ms;
}

void UpstreamHealth::measure(Upstream& upstream, std::int64_t rtt_ms) noexcept {
  // A clock of milliseconds sees no less than half of one.
  const std::int64_t rtt_us = std::max<std::int64_t>(rtt_ms * 1'000, 500);
  if (upstream.srtt_us == 0) {
    upstream.srtt_us = rtt_us;
    upstream.variance_us = rtt_us / 2;
  } else {
    upstream.variance_us += (std::abs(upstream.srtt_us - rtt_us) - upstream.variance_us) / 4;
    upstream.srtt_us += (rtt_us - upstream.srtt_us) / 8;
  }
  upstream.figures.rtt_us.store(static_cast<std::uint64_t>(upstream.srtt_us),
                                std::memory_order_relaxed);
}

void UpstreamHealth::asked(std::uint16_t upstream, std::int64_t now_ms) noexcept {
  Upstream& its = at(upstream);
  bump(its.figures.queries);
  its.asked_ever = true;
  its.asked_at_ms = now_ms;
  if (its.silent_since_ms == 0) its.silent_since_ms = now_ms;
}

void UpstreamHealth::answered(std::uint16_t upstream, const Answer& answer,
                              std::int64_t now_ms) noexcept {
  Upstream& its = at(upstream);
  bump(its.figures.answers);
  if (answer.rtt_ms) measure(its, *answer.rtt_ms);
  its.overdue_streak = 0;
  its.lost_streak = 0;
  its.silent_since_ms = 0;
  if (!answer.good) return;
  its.outdone_streak = 0;
  set_state(its, UpstreamState::up, now_ms);
}

void UpstreamHealth::overdue(std::uint16_t upstream, std::int64_t now_ms) noexcept {
  Upstream& its = at(upstream);
  if (++its.overdue_streak >= overdue_until_suspect && state(upstream) == UpstreamState::up) {
    set_state(its, UpstreamState::suspect, now_ms);
  }
}

void UpstreamHealth::lost(std::uint16_t upstream, std::int64_t now_ms) noexcept {
  Upstream& its = at(upstream);
  bump(its.figures.timeouts);
  ++its.lost_streak;
  const bool silent =
      its.silent_since_ms != 0 && now_ms - its.silent_since_ms >= silence_until_down_ms;
  if (its.lost_streak >= lost_until_down && silent) set_state(its, UpstreamState::down, now_ms);
}

void UpstreamHealth::refused(std::uint16_t upstream, std::int64_t now_ms) noexcept {
  bump(at(upstream).figures.failures);
  set_state(at(upstream),
            state(upstream) == UpstreamState::up ? UpstreamState::suspect : UpstreamState::down,
            now_ms);
}

void UpstreamHealth::outdone(std::uint16_t upstream, std::int64_t now_ms) noexcept {
  Upstream& its = at(upstream);
  bump(its.figures.failures);
  if (++its.outdone_streak >= outdone_until_suspect && state(upstream) == UpstreamState::up) {
    set_state(its, UpstreamState::suspect, now_ms);
  }
}

void UpstreamHealth::malformed(std::uint16_t upstream) noexcept {
  bump(at(upstream).figures.failures);
}

}  // namespace khien::resolver
