// Routes of subscriptions to other people's lists.
#pragma once

#include "api/routes.h"

namespace khien::api {

/// `services` is borrowed for the life of the table.
void add_feed_routes(Routes& routes, const Services& services);

}  // namespace khien::api
