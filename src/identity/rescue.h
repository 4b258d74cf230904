// Break-glass for an installation that locked itself out: both administrators lost their factors,
// or one is gone and the other alone can confirm nothing. Only whoever has the server may do it
// (`khienctl account rescue`), only for an administrator, for an hour, and for all to see: a leaf
// in the public log and a row that is never deleted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "identity/account.h"
#include "identity/context.h"
#include "store/executor.h"

namespace khien::identity {

/// A rescued account sets up new factors within this time, or is rescued again.
constexpr std::int64_t rescue_life_ms = ms_per_hour;

struct Rescue {
  std::string one_time_password;  ///< shown this once
  InstantMs until_ms = 0;
};

/// Ends factors and sessions, unlocks, gives a one-time password. invalid_argument "reason_needed";
/// denied "not_administrator": others are helped by two administrators; not_found. Leaf
/// account.rescued.
[[nodiscard]] Result<Rescue> rescue_administrator(store::Transaction& tx, const Context& context,
                                                  const AccountId& id, std::string_view reason);

[[nodiscard]] Result<std::int64_t> count_rescues(store::Executor& db);

}  // namespace khien::identity
