// Addresses and prefixes as a ZoneSet holds them: under the names that RPZ gives them
// (dns/rpz_prefix.h), `28.0.2.0.192.rpz-ip` for 192.0.2.0/28. So they share log, gate, serials,
// rollback and lists with names, and nothing can take one for the other. No resolver gets them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace khien::publish {

/// nullopt for what is neither an address nor a prefix.
[[nodiscard]] std::optional<std::string> address_name(std::string_view text);

/// The prefix under a name with or without its last dot; nullopt for any other name.
[[nodiscard]] std::optional<net::Prefix> prefix_of_name(std::string_view name);
/// The same as text: `192.0.2.0/28`, and `192.0.2.7` for one address.
[[nodiscard]] std::optional<std::string> address_text(std::string_view name);

}  // namespace khien::publish
