// Who touched an order, as appeals ask. Internal to the module.
#pragma once

#include <vector>

#include "cases/ids.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

/// Everyone who left a trace in the order, once each; at most 1,000.
[[nodiscard]] Result<std::vector<identity::AccountId>> touched_by(store::Executor& db,
                                                                  const OrderId& order);

}  // namespace khien::cases
