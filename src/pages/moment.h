// Instants as people in Vietnam read them: UTC+7 all year.
#pragma once

#include <string>

#include "base/clock.h"

namespace khien::pages {

/// "31/01/2026"
[[nodiscard]] std::string date_text(InstantMs at_ms);
/// "14:05 31/01/2026"
[[nodiscard]] std::string moment_text(InstantMs at_ms);

}  // namespace khien::pages
