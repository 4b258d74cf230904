// Telephone numbers to E.164, from the point of view of a caller in Vietnam (numbering plan after
// 2018: 9 digits after +84 for mobiles, 10 for fixed lines, 8 or less for 1800/1900 services).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace khien::text {

/// "0912 345 678", "84912345678", "+84 (0) 912.345.678", "0084…" give "+84912345678"; "19001234"
/// gives
/// "+8419001234"; other countries need "+" or "00". nullopt if it cannot be such a number. Spaces,
/// dots, hyphens and brackets between digits are ignored. Short codes (156, 5656) are not E.164.
[[nodiscard]] std::optional<std::string> phone_to_e164(std::string_view text);

}  // namespace khien::text
