// The block page over plain HTTP: where a resolver's sinkhole (khien-dnsd --sinkhole) leads the
// browsers of people who open a blocked name. A listener of its own: whatever name and path is
// asked, it answers with the page of /l/NAME and the status of RFC 7725, and links to our own
// address for everything else. It sets no cookie and takes no form; nothing here logs who asked.
#pragma once

#include "api/routes.h"

namespace khien::api {

/// 451 with Link rel="blocked-by" for a name that is blocked; 421 for one that is not (any more),
/// and where the Host is no name. HTTPS cannot be served: nobody may pretend to be another site.
[[nodiscard]] Routes block_listener_routes(const Services& services);

}  // namespace khien::api
