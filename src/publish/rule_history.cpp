#include "publish/rule_history.h"

#include <algorithm>

namespace khien::publish {

void RuleHistory::begin(std::uint32_t from, std::uint32_t to, InstantMs at_ms) {
  if (!steps_.empty() && steps_.back().to != from) {
    steps_.clear();
    rule_count_ = 0;
  }
  steps_.push_back({.from = from, .to = to, .at_ms = at_ms, .rules = {}});
  // Each empty step counts as one, so that steps are bounded too.
  while (rule_count_ + steps_.size() > rules_kept_max && steps_.size() > 1) {
    rule_count_ -= steps_.front().rules.size();
    steps_.pop_front();
  }
}

void RuleHistory::added(AddedRule rule) {
  steps_.back().rules.push_back(rule);
  ++rule_count_;
}

std::optional<std::vector<AddedRule>> RuleHistory::since(std::uint32_t serial) const {
  if (steps_.empty()) return std::nullopt;
  if (steps_.back().to == serial) return std::vector<AddedRule>{};
  const auto first = std::find_if(steps_.begin(), steps_.end(),
                                  [serial](const Step& step) { return step.from == serial; });
  if (first == steps_.end()) return std::nullopt;
  std::vector<AddedRule> rules;
  for (auto step = first; step != steps_.end(); ++step) {
    rules.insert(rules.end(), step->rules.begin(), step->rules.end());
  }
  return rules;
}

std::uint32_t RuleHistory::oldest(std::uint32_t now) const noexcept {
  return steps_.empty() ? now : steps_.front().from;
}

std::size_t RuleHistory::added_after(InstantMs at_ms) const noexcept {
  std::size_t count = 0;
  for (auto step = steps_.rbegin(); step != steps_.rend() && step->at_ms > at_ms; ++step) {
    count += step->rules.size();
  }
  return count;
}

}  // namespace khien::publish
