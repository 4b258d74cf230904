#include "publish/change_gate.h"

#include <algorithm>
#include <array>

namespace khien::publish {
namespace {

constexpr std::array<std::string_view, 7> words{
    "good_names", "canary", "too_many", "rolled_back", "stopped", "rejected", "large_list"};

bool is_too_many(std::size_t adds, std::size_t names_in_zone, const GateLimits& limits) noexcept {
  if (adds > limits.adds_max) return true;
  // adds / names > permyriad / 10,000, without losing anything to rounding. Counts are below 2^40.
  return adds > limits.adds_free && adds * 10'000 > names_in_zone * limits.adds_permyriad;
}

}  // namespace

std::string_view to_string(HoldReason reason) noexcept {
  return words[static_cast<std::size_t>(reason)];
}

std::optional<HoldReason> parse_hold_reason(std::string_view word) noexcept {
  const auto* const at = std::find(words.begin(), words.end(), word);
  if (at == words.end()) return std::nullopt;
  return static_cast<HoldReason>(at - words.begin());
}

bool needs_two(HoldReason reason) noexcept {
  return reason == HoldReason::good_names || reason == HoldReason::canary;
}

std::optional<HoldReason> judge_add(const AddFacts& facts, const GateLimits& limits) {
  if (facts.warrant == Warrant::released) return std::nullopt;
  if (facts.stopped) return HoldReason::stopped;
  if (facts.warrant == Warrant::admitted) return std::nullopt;
  if (facts.good) {
    // What the two signers saw is no accident. What nobody may order is one, whoever signed.
    const bool decided = facts.warrant == Warrant::two_signers && facts.good->orderable;
    const bool is_burst = !facts.served_before && facts.good_in_window >= limits.good_signed_max;
    if (!decided || is_burst) return HoldReason::good_names;
  }
  if (facts.blocks_canary) return HoldReason::canary;
  if (facts.served_before) return std::nullopt;
  if (is_too_many(facts.added_in_window + 1, facts.names_in_zone, limits)) {
    return HoldReason::too_many;
  }
  return std::nullopt;
}

std::optional<HoldReason> judge_set(const SetFacts& facts, const GateLimits& limits) {
  if (facts.warrant == Warrant::released || facts.adds == 0) return std::nullopt;
  // First, because whoever ends it lets the list be judged by the other rules, not past them.
  if (facts.guarded) return facts.guarded;
  if (facts.stopped) return HoldReason::stopped;
  if (facts.good_count > 0) return HoldReason::good_names;
  if (facts.blocks_canary) return HoldReason::canary;
  // Its own breaker has counted a judged set, with the percentage that its approver signed.
  if (facts.warrant != Warrant::judged_set &&
      is_too_many(facts.added_in_window + facts.adds, facts.names_in_zone, limits)) {
    return HoldReason::too_many;
  }
  const bool is_large = limits.stage_lists_above != 0 && facts.adds > limits.stage_lists_above;
  if (is_large && facts.can_be_tried) return HoldReason::large_list;
  return std::nullopt;
}

}  // namespace khien::publish
