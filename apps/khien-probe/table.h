// What one round saw, as lines for a person.
#pragma once

#include <string>

#include "probe/statement.h"

namespace khien::probe_program {

/// One line a resolver, and one for each of its names with the finding. khiend, which knows more
/// (serials, the provider's landing page, other probes), may judge otherwise.
[[nodiscard]] std::string table_of(const probe::Work& work, const probe::Statement& statement);

}  // namespace khien::probe_program
