// Why a record of a zone became no rule: it is left out alone, and counted by reason.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace khien::resolver {

enum class Skipped : std::uint8_t {
  apex,         ///< data at the zone's own name, beside SOA and NS
  too_wide,     ///< the root, a top-level domain, or a prefix shorter than /8 or /16
  unsupported,  ///< an action or a type that we do not know, or that this zone may not hold
  bad_address,  ///< of a trigger
  too_large,    ///< RDATA
  duplicate,
  conflicting,  ///< another record says something else of the same trigger
  over_limit,
  count_,
};
constexpr std::size_t skipped_kinds = static_cast<std::size_t>(Skipped::count_);
using SkippedCounts = std::array<std::size_t, skipped_kinds>;

[[nodiscard]] constexpr std::string_view to_string(Skipped reason) noexcept {
  switch (reason) {
    case Skipped::apex: return "apex";
    case Skipped::too_wide: return "too_wide";
    case Skipped::unsupported: return "unsupported";
    case Skipped::bad_address: return "bad_address";
    case Skipped::too_large: return "too_large";
    case Skipped::duplicate: return "duplicate";
    case Skipped::conflicting: return "conflicting";
    case Skipped::over_limit: return "over_limit";
    case Skipped::count_: break;
  }
  return "";
}

}  // namespace khien::resolver
