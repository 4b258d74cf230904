// The proof of an order: which leaves its moves left in the public log, and that they are in it.
#pragma once

#include <filesystem>
#include <vector>

#include "api/services.h"
#include "http/router.h"
#include "ledger/checkpoint.h"

namespace khien::api {

struct ProofRoutes {
  std::filesystem::path ledger;  ///< the log's folder
  ledger::LogVerifier verifier;
};

/// `services` is borrowed for the life of the table.
void add_proof_routes(std::vector<http::Route>& routes, const Services& services,
                      const ProofRoutes& options);

}  // namespace khien::api
