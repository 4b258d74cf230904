// What the operator says on the command line of khien-probe.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "net/service_url.h"

namespace khien::probe_program {

enum class Task { enrol, run, check };

struct Options {
  Task task = Task::run;
  std::filesystem::path folder;            ///< key and address of khiend
  std::filesystem::path authorities = {};  ///< PEM; empty: the machine's
  net::ServiceUrl url = {};                ///< of enrol
  bool once = false;                       ///< of run: one round
};

/// A printed help text or version is success without options. invalid_argument with a sentence.
[[nodiscard]] Result<std::optional<Options>> read_options(int argc, const char* const* argv);

}  // namespace khien::probe_program
