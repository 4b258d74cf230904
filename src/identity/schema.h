// The tables of accounts, roles, factors, sessions and signatures. What may never happen is a
// constraint: nobody confirms their own proposal or changes their own account, and what was signed
// or granted is never edited.
#pragma once

#include <span>

#include "store/migration.h"

namespace khien::identity {

[[nodiscard]] std::span<const store::Migration> migrations();

}  // namespace khien::identity
