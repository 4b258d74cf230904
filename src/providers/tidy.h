// What time does to statements and changes: they go. Run by a timer; may be run twice.
#pragma once

#include <cstdint>

#include "providers/context.h"
#include "store/database.h"

namespace khien::providers {

constexpr std::int64_t proofs_kept_ms = 400 * ms_per_day;     // a year and the month of its report
constexpr std::int64_t statements_kept_ms = 30 * ms_per_day;  // that changed nothing
constexpr std::int64_t tidy_rows_max = 10'000;  // of each kind; the rest waits for the next round

/// How many rows are gone.
[[nodiscard]] Result<std::int64_t> tidy(store::Database& database, const Context& context);

}  // namespace khien::providers
