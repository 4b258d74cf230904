// Addresses and prefixes as orders name them, and what our own records know of one. Nothing here
// asks DNS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cases/scope.h"
#include "store/executor.h"

namespace khien::cases {

/// The canonical text for scope address or prefix. malformed "bad_address" for anything else: a
/// whole address is no prefix, and the other way round.
[[nodiscard]] Result<std::string> read_address_target(std::string_view written, Scope scope);

/// What orders that cover `written` may be called: the address or prefix itself and every longer
/// name of its prefixes that an order may have, narrowest first. Empty if it is no address.
[[nodiscard]] std::vector<std::string> targets_covering(std::string_view written);

constexpr int names_at_max = 200;              // told of one address
constexpr int addresses_scanned_max = 20'000;  // subjects of the kind `ip`, for a prefix

/// Hosts that a report or a case of ours holds together with the address, or with one in the
/// prefix: what is known of who is reached there. By name, at most names_at_max.
[[nodiscard]] Result<std::vector<std::string>> names_at(store::Executor& db,
                                                        std::string_view target);

}  // namespace khien::cases
