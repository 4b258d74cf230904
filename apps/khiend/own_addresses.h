// Addresses that an order must never hit, and a recheck never contact: where this khiend listens,
// the resolvers that it looks at, and those that follow its zones.
#pragma once

#include <vector>

#include "cases/impact.h"
#include "options.h"

namespace khien::khiend {

/// Reads the followers' file; one that cannot be read is logged and left out, for khiend says
/// elsewhere that it is bad. Listeners on every address (0.0.0.0, ::) name none.
[[nodiscard]] std::vector<cases::OwnAddress> own_addresses_of(const Options& options);

/// What a look at a listed site's page never contacts: those, and every address of this machine's
/// interfaces, for a listener on every address names none.
[[nodiscard]] std::vector<net::Prefix> never_contacted(const Options& options);

}  // namespace khien::khiend
