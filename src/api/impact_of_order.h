// The impact check with all that this installation knows: shipped lists, its own records, and the
// addresses that it and those who enforce answer at.
#pragma once

#include "api/services.h"
#include "base/result.h"
#include "cases/impact.h"
#include "cases/order.h"
#include "store/executor.h"

namespace khien::api {

/// `input` with what records, lists and providers say of its address or web address, and assessed.
/// The shipped lists are taken once. Of a name nothing is read.
[[nodiscard]] Result<cases::Impact> assess_here(store::Executor& db, const Services& services,
                                                cases::ImpactInput input);
/// What a block of the order's name would cost, now.
[[nodiscard]] Result<cases::Impact> assess_here(store::Executor& db, const Services& services,
                                                const cases::Order& order);

}  // namespace khien::api
