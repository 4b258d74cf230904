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
                                 std::vector<NetworkPolicy> policies)
    : map_(std::move(map)), policies_(std::move(policies)) {
  KHIEN_ASSERT(map_ != nullptr && !policies_.empty());
}

}  // namespace khien::policy
