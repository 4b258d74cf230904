// What a class of a third-party list means here. Closed: a class that is no crime and no network
// choice is refused, and so is one whose names are dead.
#pragma once

#include <optional>
#include <string_view>

#include "base/category.h"

namespace khien::feeds {

/// scam → fraud; malware, malicious, threat → malware; phishing → phishing; drugs → illegal-trade;
/// gambling → choice-gambling; adult → choice-adult; ads, redirect → choice-ads. nullopt for typo,
/// scam-dead, scam-parked and everything unknown.
[[nodiscard]] std::optional<Category> category_of_list_class(std::string_view list_class) noexcept;

}  // namespace khien::feeds
