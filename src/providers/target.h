// What a provider should do by now with the names of orders: block those in force, resolve those
// lifted lately. Read from the publication rows, which say what our primary serves and since when.
// Orders on child abuse are left out here and so in every work list: their names leave this house
// inside the zones alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cases/ids.h"
#include "probe/judge.h"
#include "providers/probe_key.h"

namespace khien::providers {

/// How long a lifted name is looked at; longer where it is still blocked somewhere.
constexpr std::int64_t lifted_looked_at_ms = 7 * ms_per_day;

struct Target {
  cases::OrderId order;
  std::string name;
  probe::Expected expected = probe::Expected::blocked;
  std::string zone;         ///< without the final dot
  std::int64_t serial = 0;  ///< with which our primary began to serve the change
  InstantMs since_ms = 0;   ///< when it did
  /// True where another order blocked the name without a gap before: nothing had to change.
  bool carried = false;
};

/// What `probe` should look at next, at most `count`: first what it has not seen, then what it saw
/// longest ago; what was not as ordered counts as an hour older.
[[nodiscard]] Result<std::vector<Target>> next_targets(store::Executor& db, const ProbeId& probe,
                                                       InstantMs now_ms, std::int64_t count);
/// The same for one order, or nothing where nothing (else) is expected of it by now.
[[nodiscard]] Result<std::optional<Target>> target_of(store::Executor& db,
                                                      const cases::OrderId& order,
                                                      probe::Expected expected, InstantMs now_ms);
/// Whether an order in force blocks `name`: one for it, or one for a name above it with all below.
[[nodiscard]] Result<bool> is_covered(store::Executor& db, std::string_view name);

}  // namespace khien::providers
