// What one name means in a rule table: which sources match it, each by one bit, and how. Few
// distinct classes exist whatever the number of names, so a table keeps them in a list of their
// own.
#pragma once

#include <compare>

#include "policy/source.h"

namespace khien::policy {

struct RuleClass {
  SourceMask exact = 0;         ///< match the name itself
  SourceMask below = 0;         ///< match what lies below it
  SourceMask nodata = 0;        ///< of `exact`: answer NODATA and not NXDOMAIN
  SourceMask nodata_below = 0;  ///< of `below`: the same
  /// Of `exact` and of `below`: neither of the two; what the source wants stands in RareRules.
  SourceMask rare = 0;
  SourceMask rare_below = 0;

  [[nodiscard]] bool empty() const noexcept { return (exact | below) == 0; }
  [[nodiscard]] bool has(SourceMask sources) const noexcept {
    return ((exact | below) & sources) != 0;
  }
  /// What is left when `sources` say nothing.
  [[nodiscard]] RuleClass without(SourceMask sources) const noexcept {
    return {.exact = exact & ~sources,
            .below = below & ~sources,
            .nodata = nodata & ~sources,
            .nodata_below = nodata_below & ~sources,
            .rare = rare & ~sources,
            .rare_below = rare_below & ~sources};
  }
  [[nodiscard]] RuleClass joined(const RuleClass& other) const noexcept {
    return {.exact = exact | other.exact,
            .below = below | other.below,
            .nodata = nodata | other.nodata,
            .nodata_below = nodata_below | other.nodata_below,
            .rare = rare | other.rare,
            .rare_below = rare_below | other.rare_below};
  }
  friend auto operator<=>(const RuleClass&, const RuleClass&) = default;
};

}  // namespace khien::policy
