// The tables of subscriptions: decisions, runs, and the sets of names that were read.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::feeds {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::feeds
