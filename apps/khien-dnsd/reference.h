// Every option, written out: as a configuration file and as docs/dnsd/settings.md. Made from what
// describe() declares, so that neither can drift from the program; options_test.cpp compares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace khien::dnsd {

/// A configuration file: each option's help and default as comments, then its value if `app` was
/// given one.
[[nodiscard]] std::string config_text(const CLI::App& app);

/// A Markdown page of all settings, a table a group: option, meaning, default, what it may be.
[[nodiscard]] std::string settings_text(const CLI::App& app);

}  // namespace khien::dnsd
