// The tables of this module: keys of resolvers, what they told, in sums. What may never happen is a
// constraint here as well: a sum of fewer than ten, a name that fewer than ten networks asked for.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::tally {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::tally
