// What the operator says on the command line of khien-dnsd and in its configuration file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "resolver/service.h"

namespace khien::dnsd {

struct Options {
  resolver::ServiceOptions service = {};
  std::filesystem::path tsig_key = {};  ///< the file; its key stands in service.secondary
  bool allow_from_given = false;
  std::string user = {};  ///< whom to become once everything is bound; empty: nobody else
  bool sandbox = true;
  bool check = false;  ///< look and say, do not serve
};

/// Reads the arguments and the file that --config names; what stands in both counts as the command
/// line says. What only prints (help, version, --print-config) is done here and is success without
/// options: exit 0. Otherwise an error with a sentence for the operator.
[[nodiscard]] Result<std::optional<Options>> read_options(int argc, const char* const* argv);

}  // namespace khien::dnsd
