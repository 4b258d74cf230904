// How every assessment begins and ends, whatever it is of. Internal to the impact check.
#pragma once

#include <algorithm>
#include <functional>
#include <string>

#include "cases/impact.h"
#include "text/utf8.h"

namespace khien::cases {

/// With the name as it was typed, and refused where the category is a network's own choice.
[[nodiscard]] inline Impact begin_impact(const ImpactData& data, const ImpactInput& input) {
  Impact impact;
  impact.name = std::string{text::trim(input.name)};
  impact.scope = input.scope;
  impact.data_version = data.version();
  if (input.category && is_choice(*input.category)) {
    impact.findings.push_back({FindingKind::no_order_category, Severity::refuse});
  }
  return impact;
}

/// The worst finding first; it is the verdict.
[[nodiscard]] inline Impact conclude(Impact impact) {
  std::ranges::stable_sort(impact.findings, std::ranges::greater{}, &Finding::severity);
  if (!impact.findings.empty()) impact.verdict = impact.findings.front().severity;
  return impact;
}

}  // namespace khien::cases
