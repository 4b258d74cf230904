// What is held of one order at one provider: the finding on which its probes agree, or that they do
// not. Verdicts do not move the order itself: what is verified with our own resolvers stays so
// (docs/adr/0703-enforcement-probes.md).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "providers/target.h"
#include "store/executor.h"

namespace khien::providers {

constexpr std::int64_t sight_age_max_ms = ms_per_day;          // older ones say nothing about now
constexpr std::int64_t sight_spread_max_ms = 2 * ms_per_hour;  // of probes that are compared

/// As probe::Finding, and:
constexpr std::string_view verdict_contested = "contested";  ///< probes of one provider disagree

struct Sight {
  probe::Finding finding = probe::Finding::probe_broken;
  InstantMs at_ms = 0;
};
/// The verdict over the sights of a provider's probes, at most sight_age_max_ms old. What cannot be
/// judged counts only where nothing else is there; a sight that is older by more than
/// sight_spread_max_ms than the newest is overtaken by it, not in contest. Pure.
[[nodiscard]] std::string_view verdict_over(std::span<const Sight> sights,
                                            InstantMs now_ms) noexcept;

/// Every word that a verdict can be, in the order in which a person should see them.
[[nodiscard]] std::span<const std::string_view> all_verdicts() noexcept;
/// True for what shows that the order took effect: blocked as ordered or more than that, or lifted.
[[nodiscard]] bool is_proof(std::string_view verdict) noexcept;

/// Notes the sight and what follows from it; true if the provider's verdict changed.
[[nodiscard]] Result<bool> note_sight(store::Transaction& tx, const Reporter& reporter,
                                      const Target& target, const Sight& sight,
                                      std::string_view run);

}  // namespace khien::providers
