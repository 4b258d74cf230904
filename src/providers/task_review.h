// How a provider's task follows what is held of it. Internal to the module.
#pragma once

#include "providers/task.h"

namespace khien::providers {

/// Opens a task where something is not as ordered and its time is over, adds to the open one, marks
/// what is done, and closes it when all is.
[[nodiscard]] Result<TaskCounts> review_provider(store::Transaction& tx, const Context& context,
                                                 const Provider& provider, Telling telling);

}  // namespace khien::providers
