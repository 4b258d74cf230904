#include "policy/rule_set.h"

namespace khien::policy {

std::shared_ptr<const RuleSet> RuleSet::from_table(NameTable table, std::vector<ZoneState> zones,
                                                   InstantMs built_at_ms) {
  std::shared_ptr<RuleSet> rules{new RuleSet};  // NOLINT: the constructor is private
  rules->owned_ = std::make_unique<NameTable>(std::move(table));
  rules->key_ = rules->owned_->key();
  rules->table_ = rules->owned_->view();
  rules->name_count_ = rules->owned_->size();
  rules->zones_ = std::move(zones);
  rules->built_at_ms_ = built_at_ms;
  return rules;
}

}  // namespace khien::policy
