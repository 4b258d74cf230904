// Texts of the catalogue with their places filled in. Internal to the module.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace khien::notice {

/// `text` with each {{key}} filled in, once from the left: what is filled in is not read again.
[[nodiscard]] std::string filled(
    std::string_view text,
    std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace khien::notice
