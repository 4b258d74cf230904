// What time does to sums: hours become days, days and names go. Run by a timer; each step is a
// transaction of its own and may be run twice.
#pragma once

#include <cstdint>

#include "store/database.h"
#include "tally/context.h"

namespace khien::tally {

constexpr std::int64_t hours_kept_ms = 3 * ms_per_day;
constexpr std::int64_t order_days_kept_ms = 400 * ms_per_day;  // a year and the month of its report
constexpr std::int64_t other_days_kept_ms = 30 * ms_per_day;
constexpr std::int64_t new_names_kept_ms = 30 * ms_per_day;
constexpr int tidy_rows_max = 10'000;  // deleted in one transaction
constexpr int tidy_steps_max = 1'000;  // of one round: the rest waits for the next

struct Tidied {
  std::int64_t folded = 0;   ///< rows of hours that are in a day now
  std::int64_t deleted = 0;  ///< rows that are gone
};
[[nodiscard]] Result<Tidied> tidy(store::Database& database, const Context& context);

}  // namespace khien::tally
