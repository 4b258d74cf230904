// The recheck engine: looks at what is blocked, on a schedule, and proposes to stop where there is
// nothing left to block. It proposes and never decides: a person lifts or keeps, and what nobody
// answers goes by its date (cases/lift_proposal.h, feeds/entry_finding.h). It can end blocks only.
//
//   order in force ─┐                            ┌─► found: a proposal to lift
//   next of a list ─┴► due ─► look ─► judge ─────┼─► alive: an open proposal is withdrawn
//                       ▲  (lease)               ├─► unseen: one that DNS speaks against is
//                       │                        └─► unknown: nothing
//                       └── daily at first and while in doubt, then each week
//
// Where the operator wants it, a look at an order also contacts the listed site: its reported
// pages (cases/order_pages.h), through a guard, and never for child abuse.
//
// Any number of processes may run one: rows are taken under leases. One thread each.
#pragma once

#include <cstdint>
#include <functional>

#include "base/metrics.h"
#include "cases/context.h"
#include "feeds/subscriptions.h"
#include "recheck/judge.h"
#include "recheck/rows.h"
#include "recheck/sample.h"
#include "store/database.h"

namespace khien::recheck {

constexpr int names_a_round = 10;
/// A round begins no further look after this, so that stopping does not wait for a dead upstream.
constexpr std::int64_t round_time_max_ms = 10 * ms_per_second;
constexpr std::int64_t look_again_ms = ms_per_day;  // for the first days, and in doubt
constexpr std::int64_t first_days_ms = 3 * ms_per_day;
/// While pages seem gone: later each day, so that what is shown at some hours alone is seen.
constexpr std::int64_t look_at_pages_again_ms = 29 * ms_per_hour;
constexpr std::int64_t look_weekly_ms = 7 * ms_per_day;
constexpr std::int64_t look_after_silence_ms = 6 * ms_per_hour;

/// When a name is looked at next. Pure.
[[nodiscard]] InstantMs next_look_at(InstantMs begun_at_ms, const Look& look,
                                     const Judgement& judgement) noexcept;

struct RoundCounts {
  std::int64_t looks = 0;
  std::int64_t silent = 0;    ///< of them, those that told nothing
  std::int64_t proposed = 0;  ///< orders and entries
  std::int64_t withdrawn = 0;
  std::int64_t failed = 0;  ///< could not be written; tried again when the lease ends
};

class Engine {
 public:
  struct Parts {
    store::Database& database;
    const cases::Context& cases;
    const Operators& operators;
    std::function<Look(std::string_view name)> look;  ///< Asker::look
    std::function<Result<void>()> check;              ///< Asker::check
    Metrics& metrics;
    std::int64_t list_budget = list_budget_default;
    /// PageLooker::look; empty: no listed site is ever contacted.
    std::function<std::vector<PageLook>(const std::vector<std::string>& pages)> look_at_pages = {};
  };
  /// All borrowed.
  explicit Engine(Parts parts);

  /// One round: takes in what is new, looks at up to names_a_round names that are due, and acts on
  /// each in a transaction of its own; what it has no time for goes back. unavailable, before
  /// anything is looked at, where the control name does not resolve: a broken upstream makes no
  /// name dead. Blocks for as long as the looks take.
  [[nodiscard]] Result<RoundCounts> run_round();

 private:
  [[nodiscard]] Result<void> take_in();
  [[nodiscard]] Result<Look> look_at(const Item& item);
  [[nodiscard]] Result<void> act(store::Transaction& tx, const Item& item, const Look& look,
                                 RoundCounts& counts);
  [[nodiscard]] Result<void> act_on_order(store::Transaction& tx, const Item& item,
                                          const Look& look, const Judgement& judgement,
                                          RoundCounts& counts);
  [[nodiscard]] Result<void> act_on_entry(store::Transaction& tx, const Item& item,
                                          const Judgement& judgement, RoundCounts& counts);
  void count(const Look& look, const RoundCounts& of_it);

  Parts parts_;
};

}  // namespace khien::recheck
