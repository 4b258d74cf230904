// The impact check of web addresses. Internal to the module; see impact.h.
#pragma once

#include "cases/impact.h"
#include "cases/impact_words.h"

namespace khien::cases {

/// As assess_impact(), for scope url. That everybody knows the host is no reason to refuse: one
/// page of it is what such an order is for. Refused is what would take a page from everybody.
[[nodiscard]] Impact assess_url(const ImpactData& data, const ImpactInput& input);

/// As words_of(), for the findings of assess_url().
[[nodiscard]] Words url_words(const Impact& impact, const Finding& finding);

}  // namespace khien::cases
