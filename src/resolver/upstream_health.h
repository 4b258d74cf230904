// What one worker knows of its upstreams, and which one it asks next. No sockets and no clock: the
// engine says what happened and when, so tests drive it with virtual time.
//
// Each upstream has a smoothed round-trip time and its variance (RFC 6298), from which follows how
// long an answer may take before the next upstream is asked as well. One that leaves two questions
// in a row overdue is suspect, and down when it stays silent; both are asked by copies of questions
// that go to a healthy one anyway, so that finding out costs no client anything:
//
//        2 overdue in a row, refused,             4 lost and 1 s of silence,
//   up ─ or outdone 4 times by others ─► suspect ─── or refused again ───────► down
//    ▲                                      │                                    │
//    └────────────── a good answer ─────────┴────────────────────────────────────┘
//
// One thread writes; the figures may be read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/random.h"

namespace khien::resolver {

constexpr std::size_t candidates_max = 32;  // upstreams of one zone

constexpr std::int64_t answer_wait_min_ms = 30;
constexpr std::int64_t answer_wait_max_ms = 1'000;
constexpr std::int64_t answer_wait_unknown_ms = 80;  // before the first answer
constexpr int overdue_until_suspect = 2;
constexpr int outdone_until_suspect = 4;
constexpr int lost_until_down = 4;
constexpr std::int64_t silence_until_down_ms = 1'000;
constexpr std::int64_t probe_first_ms = 500;  // then twice as long each time
constexpr std::int64_t probe_max_ms = 30'000;
constexpr std::int64_t explore_after_ms = 2'000;            // an upstream not asked for so long
constexpr std::int64_t plain_edns_for_ms = 600'000;         // how long it is asked without EDNS
constexpr std::int64_t plain_case_for_ms = 24 * 3'600'000;  // how long without 0x20

enum class UpstreamState : std::uint8_t { up, suspect, down };

/// Sums and states for people; no name and no client.
struct UpstreamFigures {
  std::atomic<std::uint64_t> queries{0};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> timeouts{0};  // questions that it never answered
  std::atomic<std::uint64_t> failures{0};  // unreachable, malformed, SERVFAIL where another knew
  std::atomic<std::uint64_t> rtt_us{0};    // smoothed; 0 before the first answer
  std::atomic<UpstreamState> state{UpstreamState::up};
};

class UpstreamHealth {
 public:
  explicit UpstreamHealth(std::size_t count);

  /// The place in `candidates` of the upstream to ask, of those whose bit is not set in `tried`:
  /// among the healthiest by chance, the faster the likelier. nullopt if all were tried.
  [[nodiscard]] std::optional<std::size_t> choose(std::span<const std::uint16_t> candidates,
                                                  std::uint32_t tried, Rng& random) const noexcept;
  /// The place of one that a copy of the question should go to, to see how it does.
  [[nodiscard]] std::optional<std::size_t> explore(std::span<const std::uint16_t> candidates,
                                                   std::size_t chosen,
                                                   std::int64_t now_ms) noexcept;
  /// After how long without an answer the next one is asked.
  [[nodiscard]] std::int64_t answer_wait_ms(std::uint16_t upstream) const noexcept;
  [[nodiscard]] UpstreamState state(std::uint16_t upstream) const noexcept {
    return at(upstream).figures.state.load(std::memory_order_relaxed);
  }

  void asked(std::uint16_t upstream, std::int64_t now_ms) noexcept;
  /// It answered something that was right in form.
  struct Answer {
    bool good = true;                         // NOERROR or NXDOMAIN
    std::optional<std::int64_t> rtt_ms = {};  // unless it was asked in an unusual way
  };
  void answered(std::uint16_t upstream, const Answer& answer, std::int64_t now_ms) noexcept;
  /// answer_wait_ms() have passed; the answer may still come.
  void overdue(std::uint16_t upstream, std::int64_t now_ms) noexcept;
  /// Nobody waits for the answer any more.
  void lost(std::uint16_t upstream, std::int64_t now_ms) noexcept;
  /// The network or the connection refused.
  void refused(std::uint16_t upstream, std::int64_t now_ms) noexcept;
  /// Its answer was a failure or rubbish where another upstream's was good.
  void outdone(std::uint16_t upstream, std::int64_t now_ms) noexcept;
  void malformed(std::uint16_t upstream) noexcept;

  /// Whether it does not understand EDNS, or does not keep letter case.
  [[nodiscard]] bool wants_plain_edns(std::uint16_t upstream, std::int64_t now_ms) const noexcept {
    return now_ms < at(upstream).plain_edns_until_ms;
  }
  void set_plain_edns(std::uint16_t upstream, std::int64_t now_ms) noexcept {
    at(upstream).plain_edns_until_ms = now_ms + plain_edns_for_ms;
  }
  [[nodiscard]] bool wants_plain_case(std::uint16_t upstream, std::int64_t now_ms) const noexcept {
    return now_ms < at(upstream).plain_case_until_ms;
  }
  void set_plain_case(std::uint16_t upstream, std::int64_t now_ms) noexcept {
    at(upstream).plain_case_until_ms = now_ms + plain_case_for_ms;
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] const UpstreamFigures& figures(std::size_t upstream) const noexcept {
    return upstreams_[upstream].figures;
  }

 private:
  struct Upstream {
    UpstreamFigures figures;
    std::int64_t srtt_us = 0;  // 0: no answer yet
    std::int64_t variance_us = 0;
    int overdue_streak = 0;
    int lost_streak = 0;
    int outdone_streak = 0;
    bool asked_ever = false;
    std::int64_t asked_at_ms = 0;
    std::int64_t silent_since_ms = 0;  // the first unanswered question since the last answer
    std::int64_t probe_at_ms = 0;
    std::int64_t probe_pause_ms = probe_first_ms;
    std::int64_t plain_edns_until_ms = 0;
    std::int64_t plain_case_until_ms = 0;
  };
  [[nodiscard]] Upstream& at(std::uint16_t upstream) noexcept { return upstreams_[upstream]; }
  [[nodiscard]] const Upstream& at(std::uint16_t upstream) const noexcept {
    return upstreams_[upstream];
  }
  void set_state(Upstream& upstream, UpstreamState state, std::int64_t now_ms) noexcept;
  void measure(Upstream& upstream, std::int64_t rtt_ms) noexcept;

  std::size_t count_;
  std::unique_ptr<Upstream[]> upstreams_;  // fixed: the figures are read by other threads
};

}  // namespace khien::resolver
