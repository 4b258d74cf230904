// The texts that are compiled into the program from src/pages/templates and src/pages/assets.
#pragma once

#include <string_view>

namespace khien::pages {

/// The content of templates/NAME, or empty if there is none.
[[nodiscard]] std::string_view embedded_templates(std::string_view name) noexcept;
/// The content of assets/NAME, or empty if there is none.
[[nodiscard]] std::string_view embedded_assets(std::string_view name) noexcept;

}  // namespace khien::pages
