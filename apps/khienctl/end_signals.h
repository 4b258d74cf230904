// How a command that runs on learns that it should end.
#pragma once

#include "base/file.h"
#include "base/result.h"

namespace khien::khienctl {

/// Readable once somebody wants the process to end: SIGINT or SIGTERM. Blocks both in the calling
/// thread and those that it starts.
[[nodiscard]] Result<FileDescriptor> end_signals();

}  // namespace khien::khienctl
