// How the pair of publishers is, for /healthz: one sentence for the operator.
#pragma once

#include "api/health.h"
#include "publish/pair.h"

namespace khien::khiend {

/// degraded where one of the two is missing, alone or unlike the other. Pure.
[[nodiscard]] api::PartState pair_health(const publish::PairStatus& status);

}  // namespace khien::khiend
