// The impact check of addresses and prefixes. Internal to the module; see impact.h.
#pragma once

#include "cases/impact.h"
#include "cases/impact_words.h"

namespace khien::cases {

/// As assess_impact(), for scopes address and prefix. Compares with every listed prefix: some
/// thousand comparisons of 16 octets.
[[nodiscard]] Impact assess_address(const ImpactData& data, const ImpactInput& input);

/// What of our own and of who enforces is in `wanted`; a count of 0 where nothing is.
[[nodiscard]] Finding own_addresses_hit(const std::vector<OwnAddress>& own,
                                        const text::IpPrefix& wanted);

/// As words_of(), for the findings of assess_address().
[[nodiscard]] Words address_words(const Impact& impact, const Finding& finding);

}  // namespace khien::cases
