// Routes of the machine itself: health, counters, the ledger's files, the officers' app.
#pragma once

#include <filesystem>
#include <vector>

#include "api/health.h"
#include "api/services.h"
#include "http/router.h"

namespace khien::api {

struct SystemRoutes {
  std::filesystem::path web;     ///< the built officers' app, below /app/; empty: none
  std::filesystem::path ledger;  ///< "checkpoint" and "tile/"; empty: none
};

/// `services` and `health` are borrowed for the life of the table.
void add_system_routes(std::vector<http::Route>& routes, const Services& services, Health& health,
                       const SystemRoutes& options);

}  // namespace khien::api
