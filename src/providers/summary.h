// How well and how soon providers do what orders say, in numbers, and what stands behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/category.h"
#include "cases/page.h"
#include "providers/probe_key.h"
#include "providers/verdict.h"

namespace khien::providers {

constexpr std::int64_t measured_days = 90;
constexpr std::int64_t times_max = 20'000;            // the newest that percentiles are taken of
constexpr std::int64_t problems_max = 200;            // shown of one provider
constexpr std::int64_t probe_quiet_ms = ms_per_hour;  // without a statement it counts as quiet

/// Of durations in seconds, nearest rank: the smallest that at least so many are not above.
struct Percentiles {
  std::int64_t count = 0;
  std::int64_t p50_s = 0;
  std::int64_t p95_s = 0;
  std::int64_t p99_s = 0;
};
/// Sorts `durations_ms`; each counts as the next whole second.
[[nodiscard]] Percentiles percentiles(std::vector<std::int64_t> durations_ms);

struct VerdictCount {
  std::string verdict;  ///< all_verdicts(), or "unseen"
  std::int64_t count = 0;
};

struct Summary {
  Provider provider;
  std::vector<ProbeFacts> probes;    ///< in use
  std::vector<VerdictCount> blocks;  ///< of orders in force; "unseen" last; none with 0
  std::int64_t blocks_enforced = 0;  ///< also where too much is
  std::int64_t blocks_judged = 0;    ///< of those whose time is over, or that are enforced
  std::int64_t lifts_pending = 0;
  Percentiles block_times = {};  ///< from our primary's serving it to the first proof, 90 days
  Percentiles lift_times = {};
  std::int64_t canaries_blocked = 0;

  /// In [0,1]; none before anything was judged.
  [[nodiscard]] std::optional<double> share_enforced() const noexcept;
};
/// Those in use, by name. A dozen statements each.
[[nodiscard]] Result<std::vector<Summary>> summarise(store::Executor& db, InstantMs now_ms);
[[nodiscard]] Result<Summary> summarise_one(store::Executor& db, const ProviderId& id,
                                            InstantMs now_ms);

/// One order at one provider, as it is now or as it became. Never about child abuse.
struct CheckRow {
  std::int64_t id = 0;  ///< of the change; 0 for what is now
  cases::OrderId order;
  std::string order_number;
  std::string name;
  Category category = Category::phishing;
  probe::Expected expected = probe::Expected::blocked;
  std::string verdict;
  InstantMs since_ms = 0;                 ///< of what is now
  std::optional<InstantMs> proven_at_ms;  ///< likewise
  InstantMs at_ms = 0;                    ///< when it became so
  InstantMs seen_at_ms = 0;               ///< of what is now: last looked at
  bool has_statement = false;             ///< of a change: the signed statement is kept
};
/// What is not as ordered now, the longest first; at most problems_max.
[[nodiscard]] Result<std::vector<CheckRow>> list_problems(store::Executor& db,
                                                          const ProviderId& id);
/// Every change of a verdict, newest first.
[[nodiscard]] Result<cases::Page<CheckRow>> list_changes(store::Executor& db, const ProviderId& id,
                                                         const cases::PageRequest& page);

/// Of one order, at every provider in use.
struct OrderAtProvider {
  std::string provider;  ///< title
  ProviderId id;
  CheckRow check;
};
[[nodiscard]] Result<std::vector<OrderAtProvider>> list_at_providers(store::Executor& db,
                                                                     const cases::OrderId& order);

}  // namespace khien::providers
