// How often the rules of an order were applied, out of what resolvers told. A sum belongs to the
// order whose rule stood at its name when the sum was told; where another order followed with the
// same rule, the hour of the change is the successor's. Never a number below ten: none is kept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cases/ids.h"
#include "store/executor.h"
#include "tally/context.h"

namespace khien::tally {

constexpr std::size_t hits_days = 30;

struct OrderHits {
  std::int64_t total = 0;
  std::optional<InstantMs> last_ms = {};  ///< beginning of the last hour in which hits were told
  struct Day {
    InstantMs from_ms = 0;  ///< midnight in Vietnam
    std::int64_t hits = 0;
  };
  std::array<Day, hits_days> days{};  ///< oldest first, today last; days without hits too
  std::int64_t resolvers = 0;         ///< that told something in the last two days
};
/// An order that never was in force has none. Reads some hundred rows.
[[nodiscard]] Result<OrderHits> order_hits(store::Executor& db, const Context& context,
                                           const cases::OrderId& order);

}  // namespace khien::tally
