#include "resolver/policy_rows.h"

#include "base/log.h"

namespace khien::resolver {

void PolicyRows::take(const std::vector<std::string>& names) {
  names_ = names;
  numbers_.clear();
  std::size_t without = 0;
  for (const std::string& name : names) {
    auto known = known_.find(name);
    if (known == known_.end() && known_.size() < policy_rows_max) {
      known = known_.emplace(name, static_cast<std::uint32_t>(known_.size())).first;
    }
    numbers_.push_back(known == known_.end() ? 0 : known->second);
    if (known == known_.end()) ++without;
  }
  if (without != 0) {
    KHIEN_LOG(warning, "policies_not_counted", {"policies", without},
              {"remedy", "a restart: there were too many different ones since the last"});
  }
}

std::vector<PolicyRow> PolicyRows::in_force() const {
  std::vector<PolicyRow> rows;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (i == 0 || numbers_[i] != 0) rows.push_back({.policy = names_[i], .row = numbers_[i]});
  }
  return rows;
}

}  // namespace khien::resolver
