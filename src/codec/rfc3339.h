// Instants as RFC 3339 writes them, to the second: "2026-11-27T18:30:00Z". Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace khien::codec {

/// With Z, or an offset such as +07:00. nullopt for all else: lower case, fractions, a day that is
/// in no calendar, the leap second.
[[nodiscard]] std::optional<InstantMs> read_rfc3339(std::string_view text) noexcept;

/// With Z; what is less than a second is left out.
[[nodiscard]] std::string write_rfc3339(InstantMs instant_ms);

}  // namespace khien::codec
