// The tables of this module. What may never happen is a constraint here as well as code above: an
// order without ground, evidence, impact, end date or second signer cannot be in force, signers
// differ, what is signed does not change, and the timeline and the signatures only grow.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::cases {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::cases
