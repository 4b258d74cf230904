// What stands in a zone or set, between the text that orders and people use and the name under
// which a ZoneSet holds it: addresses (address_names.h) and web addresses (url_names.h) have names
// of their own, host names are theirs.
#pragma once

#include <string>
#include <string_view>

#include "cases/scope.h"
#include "publish/zone_names.h"

namespace khien::publish {

[[nodiscard]] SetOf set_of(cases::Scope scope) noexcept;

/// The name under which a set of that kind holds `text`. What it cannot hold comes back as it is:
/// every such set refuses it, and says so aloud.
[[nodiscard]] std::string held_name(SetOf of, std::string_view text);

/// What people read: the address of an address's name, any other name as it is.
[[nodiscard]] std::string readable_name(std::string_view name);

/// True if a set of that kind may hold the name; a host name must be no name of an address.
[[nodiscard]] bool is_name_for(SetOf of, std::string_view name);

}  // namespace khien::publish
