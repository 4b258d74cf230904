// The route table by subject. Each function adds its routes; together they are the whole API (a
// test compares them with api/openapi.yaml). `services` is borrowed for the life of the table.
#pragma once

#include <vector>

#include "http/router.h"

namespace khien::api {

struct Services;
using Routes = std::vector<http::Route>;

void add_case_routes(Routes& routes, const Services& services);
void add_report_routes(Routes& routes, const Services& services);
void add_evidence_routes(Routes& routes, const Services& services);
void add_order_routes(Routes& routes, const Services& services);
void add_appeal_routes(Routes& routes, const Services& services);
/// Objections to lists: lodged without an account, decided by one officer.
void add_objection_routes(Routes& routes, const Services& services);
/// What resolvers report, and what officers see of it.
void add_tally_routes(Routes& routes, const Services& services);
/// What is published, and which follower has it.
void add_publication_routes(Routes& routes, const Services& services);
/// What probes are given and tell, and how providers do.
void add_provider_routes(Routes& routes, const Services& services);
/// What waits at the gate of the zones, stop and rollback: a person's decisions.
void add_gate_routes(Routes& routes, const Services& services);
/// What rechecks saw and propose, and entries of lists that they found to be no more.
void add_recheck_routes(Routes& routes, const Services& services);
/// Register, look-up, facts about this installation: no session.
void add_register_routes(Routes& routes, const Services& services);

}  // namespace khien::api
