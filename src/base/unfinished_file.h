// The names of the temporary files of write_file_atomically(), for those who look into a folder
// while somebody writes there. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace khien {

/// What stands behind the path in a temporary file's name: X is a letter or digit.
constexpr std::string_view temporary_ending = ".XXXXXX";

/// The path for which write_file_atomically() made a temporary file called `path`, borrowed from
/// it; nullopt if it makes none of that name. A crash leaves such a file behind.
[[nodiscard]] std::optional<std::string_view> target_of_unfinished(std::string_view path) noexcept;

}  // namespace khien
