// The tables of the ledger: leaves as they were written, and the tree heads that were decided.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::ledger {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::ledger
