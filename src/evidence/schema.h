// Tables of evidence: items and custody, both append-only by triggers.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::evidence {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::evidence
