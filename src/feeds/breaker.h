// The circuit breaker: does the difference between two days look like a list, or like an accident?
// Denmark 2012: a file of 8,000 good names in the wrong folder, pulled unattended. A pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "feeds/feed.h"

namespace khien::feeds {

/// A change of fewer names than this is never too large in percent: small lists move in jumps.
constexpr std::int64_t change_free_count = 50;
/// Good names that may be new in a list since its last accepted run.
constexpr std::int64_t good_names_more_max = 20;
/// Of a first run, hundredths of a percent of its entries that may be good names.
constexpr std::int64_t good_names_first_permyriad = 500;

enum class BreakerReason : std::uint8_t {
  change_too_large,  ///< more than the feed's percentage added and removed
  list_vanished,     ///< nothing is left of a list that had names
  good_names,        ///< it suddenly names sites that people rely on
};

[[nodiscard]] std::string_view to_string(BreakerReason reason) noexcept;

struct ProposedChange {
  std::int64_t before = 0;  ///< names in force; 0 before the first run
  bool first = false;       ///< no set was ever accepted
  std::int64_t after = 0;
  std::int64_t added = 0;
  std::int64_t removed = 0;
  std::int64_t read = 0;               ///< entries of the list
  std::int64_t good_names = 0;         ///< refused as good names now
  std::int64_t good_names_before = 0;  ///< and in the accepted run
  std::int64_t change_max_permyriad = change_max_default_permyriad;
};

/// Why a person must look first; nullopt if the change may take force by itself.
[[nodiscard]] std::optional<BreakerReason> judge_change(const ProposedChange& change) noexcept;

}  // namespace khien::feeds
