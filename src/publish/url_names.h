// Web addresses as a ZoneSet holds them: each under one DNS name, so that they share log, gate,
// serials, rollback and lists with names, and nothing can take one for the other. No resolver gets
// them. `sites.example/scam` is
//
//   F5ZWGYLN._.sites.example.url
//   what follows the host (":port/path") in base 32, lower case, in labels of 63; "_"; the host;
//   "url". Of an IPv6 host the brackets go and colons are hyphens: one label.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace khien::publish {

/// The name of an address as cases/url_target.h writes it; nullopt for what is none. Whatever
/// read_url_target() lets through fits into every set.
[[nodiscard]] std::optional<std::string> url_name(std::string_view text);

/// The address under a name with or without its last dot; nullopt for any other name.
[[nodiscard]] std::optional<std::string> url_text(std::string_view name);

/// The host of an address's text: up to the port or the path.
[[nodiscard]] std::string_view host_of_url(std::string_view text) noexcept;

}  // namespace khien::publish
