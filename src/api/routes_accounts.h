// Routes of the administrators: accounts, and the changes of roles, factors and locks.
#pragma once

#include <vector>

#include "api/services.h"
#include "http/router.h"

namespace khien::api {

/// `services` is borrowed for the life of the table.
void add_account_routes(std::vector<http::Route>& routes, const Services& services);

}  // namespace khien::api
