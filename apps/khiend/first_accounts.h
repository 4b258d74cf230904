// What an empty installation begins with: two administrators, or the invented people of the demo.
#pragma once

#include "api/services.h"
#include "base/result.h"
#include "options.h"

namespace khien::khiend {

/// Makes what is missing and leaves the rest alone. The one-time passwords of the first two
/// administrators go into STATE/first-administrators.txt (mode 0600), not to the log.
[[nodiscard]] Result<void> make_first_accounts(const api::Services& services,
                                               const Options& options);

}  // namespace khien::khiend
