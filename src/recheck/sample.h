// Which entries of subscribed lists are looked at: a walk through each list in its own order, so
// that what was looked at longest ago comes next, within a budget of names an hour over all lists.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace khien::recheck {

constexpr std::int64_t list_budget_default = 600;  // names an hour
constexpr std::int64_t list_budget_max = 3'000;    // what one engine can look at in an hour
constexpr std::int64_t list_items_max = 100'000;   // entries under watch at one time
constexpr std::int64_t sample_every_ms = ms_per_hour;

/// Once in sample_every_ms, whoever comes first: takes the next names of the lists in force, as far
/// as the budget leaves room beside entries that are under watch already, spread over the hour. How
/// many; nullopt where it is not yet time. A network's own choice is no listing of ours and is left
/// alone. Cost: reads each list whole, once an hour.
[[nodiscard]] Result<std::optional<std::int64_t>> sample_lists(store::Database& database,
                                                               const Clock& clock,
                                                               std::int64_t budget);

}  // namespace khien::recheck
