// An impact as the API and the stored order show it (api/openapi.yaml, schema Impact).
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "cases/impact.h"
#include "codec/json.h"

namespace khien::cases {

/// The object of the schema, `digest` included: hex SHA-256 over the RFC 8785 text of all other
/// members. The same impact at the same instant always gives the same text.
[[nodiscard]] Result<codec::Json> impact_to_json(const Impact& impact, InstantMs checked_at_ms);

}  // namespace khien::cases
