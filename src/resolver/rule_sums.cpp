#include "resolver/rule_sums.h"

#include <algorithm>

#include "dns/name.h"

namespace khien::resolver {
namespace {

std::string name_text(std::string_view wire) {
  std::string text = dns::NameView::checked(as_bytes(wire)).to_text();
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  return text;
}

/// Octets of a rule in JSON: what it says, and the keys around it. Names of rules are A-labels;
/// where one is written with escapes, JSON doubles their backslashes.
std::size_t json_size(const RuleHits& rule) {
  const auto escapes = static_cast<std::size_t>(std::ranges::count(rule.name, '\\'));
  return rule.source.size() + rule.name.size() + escapes + std::to_string(rule.hits).size() +
         std::string_view{R"({"source":"","name":"","hits":},)"}.size();
}

}  // namespace

void RuleSums::add(policy::Source source, Bytes name, std::uint64_t hits, std::int64_t steady_ms) {
  std::string key(1, static_cast<char>(source.index));
  key += as_text(name);
  auto known = sums_.find(key);
  if (known == sums_.end()) {
    if (sums_.size() == rule_sums_max) {
      left_out_ += hits;
      return;
    }
    known = sums_.emplace(std::move(key), Sum{.since_ms = steady_ms}).first;
  }
  known->second.hits += hits;
}

void RuleSums::forget_old(std::int64_t steady_ms) {
  std::erase_if(sums_, [&](const auto& item) {
    const Sum& sum = item.second;
    if (sum.hits >= report_hits_min || steady_ms - sum.since_ms < report_wait_max_ms) return false;
    left_out_ += sum.hits;
    return true;
  });
}

std::vector<RuleHits> RuleSums::take() {
  std::vector<std::pair<std::uint64_t, std::string_view>> ready;
  for (const auto& [key, sum] : sums_) {
    if (sum.hits >= report_hits_min) ready.emplace_back(sum.hits, key);
  }
  std::ranges::sort(ready, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (ready.size() > report_rules_max) ready.resize(report_rules_max);
  std::vector<RuleHits> told;
  std::size_t size = 0;
  for (const auto& [hits, key] : ready) {
    RuleHits rule{.source = policy::source_id({static_cast<std::uint8_t>(key.front())}),
                  .name = name_text(key.substr(1)),
                  .hits = hits};
    size += json_size(rule);
    if (size > report_rules_size_max) break;
    told.push_back(std::move(rule));
  }
  for (std::size_t i = 0; i < told.size(); ++i) sums_.erase(std::string{ready[i].second});
  return told;
}

}  // namespace khien::resolver
