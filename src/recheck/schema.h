// The tables of this module: whom to look at and when, and what was seen.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::recheck {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::recheck
