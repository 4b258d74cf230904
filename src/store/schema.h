// The tables of this module: jobs, leases, search. Applied by Database::migrate() before all
// others.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::store {

[[nodiscard]] std::span<const Migration> migrations();

}  // namespace khien::store
