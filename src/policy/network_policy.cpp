#include "policy/network_policy.h"

#include <algorithm>
#include <bit>

namespace khien::policy {

SourceMask lawful_sources() noexcept {
  return mask_of(source_pass) | mask_of(Basis::emergency) | mask_of(Basis::orders);
}

Result<NetworkMap> NetworkMap::build(PrefixTable prefixes, const std::vector<Entry>& entries) {
  NetworkMap map;
  map.prefixes_ = std::move(prefixes);
  if (entries.empty()) return map;
  map.entries_.resize(std::bit_ceil(2 * entries.size()));
  for (const Entry& entry : entries) {
    Entry& slot = map.entries_[map.slot_of(entry.point)];
    if (entry.point == no_entry_point || slot.point == entry.point) {
      return fail(ErrorCode::conflict, "an entry point comes twice");
    }
    slot = entry;
  }
  return map;
}

std::shared_ptr<const NetworkPolicies> NetworkPolicies::one(Policy policy) {
  return std::make_shared<const NetworkPolicies>(std::make_shared<const NetworkMap>(),
                                                 std::vector<NetworkPolicy>{{.policy = policy}});
}

NetworkPolicies::NetworkPolicies(std::shared_ptr<const NetworkMap> map,
                                 std::vector<NetworkPolicy> policies,
                                 std::shared_ptr<const NameLists> lists, InstantMs as_of_ms)
    : map_(std::move(map)),
      policies_(std::move(policies)),
      lists_(std::move(lists)),
      as_of_ms_(as_of_ms) {
  KHIEN_ASSERT(map_ != nullptr && !policies_.empty());
  KHIEN_ASSERT(lists_ != nullptr || std::ranges::none_of(policies_, &NetworkPolicy::has_lists));
}

// The fence: a network's own lists say nothing about what must resolve and what the law orders.
Decision NetworkPolicies::with_lists(const NetworkPolicy& network, const Rules& rules,
                                     const NameKey& name, Verdict verdict) const noexcept {
  // A third party's PASSTHRU ends other third parties' rules, not the network's own.
  const bool passes = verdict.action == Action::passthru && !is_third_party(verdict.source);
  if (passes) return {.verdict = verdict};
  const NameLists::Found own = lists_->find(network.own_list, network.shared_list, name, as_of_ms_);
  if (own.rule == OwnRule::allow) {
    if (verdict.acts()) {
      const SourceMask lawful = network.policy.sources & lawful_sources();
      verdict = rules.find(name, {.sources = lawful});
    }
    return {.verdict = verdict, .excepted = true};
  }
  if (own.rule == OwnRule::block && !verdict.acts()) {
    verdict = {.action = Action::nxdomain,
               .source = source_network,
               .stands_for = source_network,
               .trigger_at = own.at};
  }
  return {.verdict = verdict};
}

}  // namespace khien::policy
