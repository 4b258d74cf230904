#include "policy/policy_book.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace khien::policy {
namespace {

// Equal numbers for what decides alike.
class DecisionNumbers {
 public:
  std::uint32_t of(const NetworkPolicy& policy) {
    const auto key = std::tuple{policy.policy.sources, policy.own_list, policy.shared_list};
    return numbers_.try_emplace(key, static_cast<std::uint32_t>(numbers_.size() + 1)).first->second;
  }

 private:
  std::map<std::tuple<SourceMask, ListNumber, ListNumber>, std::uint32_t> numbers_;
};

// Whether an own entry ended between the two instants; true, too, if the clock was set back.
bool entry_ended(const PolicyBook& book, InstantMs before_ms, InstantMs now_ms) {
  if (now_ms < before_ms) return !book.ends.empty();
  const auto next = std::ranges::upper_bound(book.ends, before_ms);
  return next != book.ends.end() && *next <= now_ms;
}

}  // namespace

std::shared_ptr<const NetworkPolicies> in_force(const PolicyBook& book, InstantMs now_ms,
                                                std::shared_ptr<const NetworkPolicies> before,
                                                std::span<const std::uint32_t> rows) {
  std::vector<NetworkPolicy> policies;
  policies.reserve(book.recipes.size());
  DecisionNumbers numbers;
  for (const PolicyRecipe& recipe : book.recipes) {
    const int minute = minute_of_week(now_ms, recipe.utc_offset_minutes);
    NetworkPolicy policy{.policy = {.sources = scheduled(recipe.sources, recipe.schedules, minute)},
                         .own_list = recipe.own_list,
                         .shared_list = recipe.shared_list,
                         .blocked_as = recipe.blocked_as,
                         .safe_search = recipe.safe_search,
                         .row = rows.empty() ? 0 : rows[recipe.policy]};
    policy.decision = numbers.of(policy);
    policies.push_back(policy);
  }
  if (before != nullptr && std::ranges::equal(before->all(), policies) &&
      !entry_ended(book, before->as_of_ms(), now_ms)) {
    return before;
  }
  return std::make_shared<const NetworkPolicies>(book.map, std::move(policies), book.lists, now_ms);
}

}  // namespace khien::policy
