// The signed lists, for everybody and without an account (docs/formats/signed-lists.md).
#pragma once

#include <vector>

#include "api/services.h"
#include "http/router.h"

namespace khien::api {

/// The files, and the page that names them. `services` is borrowed for the life of the table.
void add_list_routes(std::vector<http::Route>& routes, const Services& services);

}  // namespace khien::api
