// The version that khiend tells: of the project, set by CMake.
#pragma once

#include <string_view>

namespace khien::khiend {

constexpr std::string_view program_version = KHIEN_VERSION;

}  // namespace khien::khiend
