#include "policy/rule_set.h"

namespace khien::policy {

void RuleSet::put(std::size_t index, std::shared_ptr<const RuleShard> shard) noexcept {
  if (shards_[index] != nullptr) name_count_ -= shards_[index]->name_count();
  if (shard != nullptr) name_count_ += shard->name_count();
  tables_[index] = shard == nullptr ? TableView{} : shard->table();
  shards_[index] = std::move(shard);
}

std::shared_ptr<const RuleSet> RuleSet::of_shards(const HashKey& key, Shards shards,
                                                  std::vector<ZoneState> zones,
                                                  InstantMs built_at_ms) {
  std::shared_ptr<RuleSet> rules{new RuleSet};  // NOLINT: the constructor is private
  rules->key_ = key;
  for (std::size_t i = 0; i < shard_count; ++i) rules->put(i, std::move(shards[i]));
  rules->zones_ = std::move(zones);
  rules->built_at_ms_ = built_at_ms;
  return rules;
}

std::shared_ptr<const RuleSet> RuleSet::from_table(NameTable table, std::vector<ZoneState> zones,
                                                   InstantMs built_at_ms) {
  std::vector<NameTable> parts(shard_count, NameTable{table.key()});
  NameKey name;
  table.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
    name.assign(wire, table.key());
    if (name.label_count() < rule_labels_min) return;
    // Cannot fail: each part is smaller than `table` was.
    KHIEN_ASSERT(parts[shard_of(name)].set(name, rule_class).has_value());
  });
  Shards shards;
  for (std::size_t i = 0; i < shard_count; ++i) shards[i] = RuleShard::freeze(parts[i]);
  return of_shards(table.key(), std::move(shards), std::move(zones), built_at_ms);
}

std::shared_ptr<const RuleSet> RuleSet::with_shard(std::size_t index,
                                                   std::shared_ptr<const RuleShard> shard) const {
  std::shared_ptr<RuleSet> rules{new RuleSet{*this}};  // NOLINT: the constructor is private
  rules->put(index, std::move(shard));
  rules->digest_ = {};
  return rules;
}

std::shared_ptr<const RuleSet> RuleSet::saved_as(const crypto::Sha256Digest& digest) const {
  std::shared_ptr<RuleSet> rules{new RuleSet{*this}};  // NOLINT: the constructor is private
  rules->digest_ = digest;
  return rules;
}

std::size_t RuleSet::memory_size() const noexcept {
  std::size_t size = 0;
  for (const TableView& table : tables_) size += table.memory_size();
  return size;
}

}  // namespace khien::policy
