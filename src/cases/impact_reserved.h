// Names and addresses that are not of the Internet. Internal to the module.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "text/host.h"
#include "text/ip_prefix.h"

namespace khien::cases {

// RFC 6761 (localhost, invalid, example.com …), 6762 (local), 7686 (onion), 8375 (home.arpa, below
// arpa), 9476 (alt), ICANN 2024 (internal). `example` and `test` stay orderable: training, demos
// and our tests live there. `khien` names our own zones.
constexpr std::array<std::string_view, 10> reserved_names{
    "arpa", "localhost", "invalid",     "local",       "onion",
    "alt",  "internal",  "example.com", "example.net", "example.org"};

/// `host` normalised.
[[nodiscard]] inline bool is_reserved_name(std::string_view host) noexcept {
  return std::ranges::any_of(
      reserved_names, [host](std::string_view held) { return text::is_at_or_below(host, held); });
}

/// Private, local, multicast and other special space (impact_address.cpp).
[[nodiscard]] bool is_special_space(const text::IpPrefix& wanted);

}  // namespace khien::cases
