// The parts of add_provider_routes(), by file. Internal to the module.
#pragma once

#include "api/routes.h"
#include "codec/json.h"
#include "providers/task.h"

namespace khien::api {

/// What probes are given and tell.
void add_probe_routes(Routes& routes, const Services& services);
/// Tasks of providers, for officers.
void add_provider_task_routes(Routes& routes, const Services& services);
/// The page where a provider's people answer, behind a code.
void add_provider_pages(Routes& routes, const Services& services);

[[nodiscard]] codec::Json task_json(const providers::Task& task);

}  // namespace khien::api
