// Deadlines over all records.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "http/router.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::api {

struct Services;

void add_deadline_routes(std::vector<http::Route>& routes, const Services& services);

/// Open deadlines until `until_ms` of records that `actor` may see, of the soonest thousand.
[[nodiscard]] Result<std::int64_t> count_due(store::Executor& db, const identity::Actor& actor,
                                             InstantMs until_ms);

}  // namespace khien::api
