#include "resolver/rule_tally.h"

#include <algorithm>

namespace khien::resolver {

// Rules and names are not written before they are counted: pages of them that nobody needs take no
// memory.
void RuleTally::Table::clear() noexcept {
  slots.fill(0);
  rule_count = 0;
  names_used = 0;
  left_out = 0;
}

RuleTally::RuleTally()
    : tables_{std::make_unique_for_overwrite<Table>(), std::make_unique_for_overwrite<Table>()},
      worker_(tables_[0].get()) {
  for (const auto& table : tables_) table->clear();
}

void RuleTally::insert(std::size_t slot, std::uint64_t key, policy::Source source,
                       Bytes name) noexcept {
  Table& table = *worker_;
  if (table.rule_count == tally_rules_max || name.size() > tally_names_size - table.names_used) {
    ++table.left_out;
    return;
  }
  std::ranges::copy(name, table.names.begin() + table.names_used);
  table.rules[table.rule_count] = {.key = key,
                                   .hits = 1,
                                   .name_at = table.names_used,
                                   .name_size = static_cast<std::uint8_t>(name.size()),
                                   .source = source};
  table.names_used += static_cast<std::uint32_t>(name.size());
  table.slots[slot] = static_cast<std::uint16_t>(++table.rule_count);
}

RuleTally::Taken RuleTally::take(const std::function<void(const Hits&)>& visit) {
  const std::uint32_t handed = handed_.load();
  if (handed != asked_.load()) return {};
  if (taken_) return {.done = true};
  taken_ = true;
  Table& table = *tables_[(handed + 1) % 2];
  for (std::uint32_t i = 0; i < table.rule_count; ++i) {
    const Rule& rule = table.rules[i];
    visit({.source = rule.source,
           .name = Bytes{table.names}.subspan(rule.name_at, rule.name_size),
           .hits = rule.hits});
  }
  const Taken taken{.done = true, .left_out = table.left_out};
  if (table.rule_count != 0) table.clear();
  return taken;
}

}  // namespace khien::resolver
