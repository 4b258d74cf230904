// Leaves that have their place in the log, in its order: for whoever derives from the log what
// holds now, and compares it with what is said elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/executor.h"

namespace khien::ledger {

/// Places looked at by one call of placed_leaves().
constexpr std::int64_t placed_window = 10'000;

struct PlacedLeaf {
  std::int64_t place = 0;  ///< from 0
  std::string type;
  std::string entry;  ///< canonical JSON
};

/// How many leaves have a place.
[[nodiscard]] Result<std::int64_t> placed_count(store::Executor& db);
/// Those at the places [from, from + placed_window) whose type begins with `type_prefix`
/// (lower-case letters and dots).
[[nodiscard]] Result<std::vector<PlacedLeaf>> placed_leaves(store::Executor& db, std::int64_t from,
                                                            std::string_view type_prefix);

}  // namespace khien::ledger
