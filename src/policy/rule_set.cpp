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
                                                   InstantMs built_at_ms, RareZones rare) {
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
  const auto names = of_shards(table.key(), std::move(shards), std::move(zones), built_at_ms);
  std::shared_ptr<RuleSet> rules{new RuleSet{*names}};  // NOLINT: the constructor is private
  rules->rare_ = std::move(rare);
  return rules;
}

std::shared_ptr<const RuleSet> RuleSet::with_shard(std::size_t index,
                                                   std::shared_ptr<const RuleShard> shard) const {
  std::shared_ptr<RuleSet> rules{new RuleSet{*this}};  // NOLINT: the constructor is private
  rules->put(index, std::move(shard));
  rules->digest_ = {};
  return rules;
}

std::shared_ptr<const RuleSet> RuleSet::with_sources(const SourceMap& map) const {
  struct Moved {
    std::shared_ptr<const RuleShard> shard;  // whose names are used
    std::vector<RuleClass> classes;
  };
  std::shared_ptr<RuleSet> rules{new RuleSet{*this}};  // NOLINT: the constructor is private
  for (std::size_t i = 0; i < shard_count; ++i) {
    if (shards_[i] == nullptr) continue;
    const TableView& table = shards_[i]->table();
    auto kept = std::make_shared<Moved>();
    kept->shard = shards_[i];
    for (const RuleClass& rule_class : table.classes()) {
      kept->classes.push_back(moved(rule_class, map));
    }
    const TableView view{table.slots(), table.arena(), kept->classes};
    rules->put(i, std::make_shared<const RuleShard>(view, shards_[i]->name_count(), kept));
  }
  std::erase_if(rules->zones_,
                [&](const ZoneState& zone) { return map[zone.source.index] == source_gone; });
  for (ZoneState& zone : rules->zones_) zone.source.index = map[zone.source.index];
  rules->rare_ = moved(rare_, map);
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
