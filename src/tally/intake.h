// Takes a report into the database: hits are added up by resolver, source, name and hour, new names
// get the hour in which they were told. No ledger leaf: these are measurements, not decisions.
//
// Hours are kept for three days and then added up to days of Vietnam's time; days of orders are
// kept for 400 days, of everything else for 30, new names for 30 (tidy.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "store/executor.h"
#include "tally/context.h"
#include "tally/report.h"

namespace khien::tally {

constexpr std::int64_t reports_kept_max = 20'000;       // of a resolver, in a week: one in 30 s
constexpr std::int64_t rule_hits_rows_max = 1'000'000;  // of a resolver
constexpr std::int64_t new_names_rows_max = 100'000;    // of a resolver

struct IntakeLimits {
  std::int64_t reports = reports_kept_max;
  std::int64_t rule_hits = rule_hits_rows_max;
  std::int64_t new_names = new_names_rows_max;
};

struct Intake {
  bool known = false;         ///< the same report came before: nothing was added
  std::int64_t left_out = 0;  ///< rows that found no room, and names of too few networks
};
/// Adds all of `report` in one transaction, or nothing. A name that fewer than networks_min
/// networks asked for is left out, however low a resolver's own threshold is. limit_exceeded
/// "too_many_reports". 20,000 rows take 0.6 s on SQLite and 3 s on PostgreSQL, on two busy cores.
[[nodiscard]] Result<Intake> take_report(store::Transaction& tx, std::string_view resolver,
                                         const Report& report, const IntakeLimits& limits = {});

}  // namespace khien::tally
