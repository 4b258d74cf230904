// What the operator says on the command line of khien-dnsd and in its configuration file.
#pragma once

#include <optional>

#include "base/result.h"
#include "resolver/service.h"

namespace khien::dnsd {

struct Options {
  resolver::ServiceOptions service = {};
};

/// Reads the arguments and the file that --config names; what stands in both counts as the command
/// line says. What only prints (help, version, --print-config) is done here and is success without
/// options: exit 0. Otherwise an error with a sentence for the operator.
[[nodiscard]] Result<std::optional<Options>> read_options(int argc, const char* const* argv);

}  // namespace khien::dnsd
