#include "feeds/breaker.h"

namespace khien::feeds {
namespace {

// part / whole > permyriad / 10,000, without losing anything to rounding. Counts are below 2^40.
bool exceeds(std::int64_t part, std::int64_t whole, std::int64_t permyriad) noexcept {
  return part * 10'000 > whole * permyriad;
}

}  // namespace

std::string_view to_string(BreakerReason reason) noexcept {
  switch (reason) {
    case BreakerReason::change_too_large: return "change_too_large";
    case BreakerReason::list_vanished: return "list_vanished";
    case BreakerReason::good_names: return "good_names";
  }
  return "unknown";
}

std::optional<BreakerReason> judge_change(const ProposedChange& change) noexcept {
  if (change.first) {
    // The approver saw the cap on entries; what they did not see is what is in the list.
    if (change.good_names > good_names_more_max &&
        exceeds(change.good_names, change.read, good_names_first_permyriad)) {
      return BreakerReason::good_names;
    }
    return std::nullopt;
  }
  if (change.good_names - change.good_names_before > good_names_more_max) {
    return BreakerReason::good_names;
  }
  if (change.before > 0 && change.after == 0) return BreakerReason::list_vanished;
  const std::int64_t moved = change.added + change.removed;
  if (moved > change_free_count && exceeds(moved, change.before, change.change_max_permyriad)) {
    return BreakerReason::change_too_large;
  }
  return std::nullopt;
}

}  // namespace khien::feeds
