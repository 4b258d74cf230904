// The tables of this module: who enforces, who looks, what was found. What may never happen is a
// constraint here as well: a probe that comes back after its key was revoked, a history that
// changes.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::providers {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::providers
