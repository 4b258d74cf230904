// The configuration file: the part of TOML 1.0 that options need, read strictly. A line is
//
//   key = "text" | 'text' | 17 | true | ["text", 17, …]      # comment
//
// where `key` is an option's long name without dashes; an array may go over several lines. What is
// not understood (a table, an unknown or repeated key, text after a value) is an error with its
// line: a typing mistake in a filter's configuration must not pass for a default.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace khien::dnsd {

constexpr std::size_t config_size_max = 1 << 20;  // octets of a configuration file

struct ConfigEntry {
  std::string key;
  std::vector<std::string> values;  // one unless it is an array
  std::size_t line = 0;             // counted from 1
};

/// All entries of `text`, in order. malformed with "line N: …".
[[nodiscard]] Result<std::vector<ConfigEntry>> parse_config(std::string_view text);

/// Makes CLI11 read its configuration file through parse_config(). `app` is borrowed: its options
/// are the known keys. Errors are CLI::ConversionError, whatever is wrong with the file.
class ConfigFile final : public CLI::ConfigBase {
 public:
  explicit ConfigFile(const CLI::App& app) : app_(app) {}
  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& app_;
};

}  // namespace khien::dnsd
