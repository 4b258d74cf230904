// What a worker decides by: an immutable rule set, a small delta on top of each of its shards, and
// which sources count. Rules are published whole (Snapshot<Rules>) and never changed afterwards.
//
// Third parties' zones may want more than to block names: what they do stands in RareRules.
//
// At each suffix of a name the delta is asked first; what it holds replaces what the rule set says,
// so that an empty class hides a removed name. The source with the highest precedence decides
// (pass first), and among its triggers the most specific one; a longer name matches only a rule
// that covers what lies below.
#pragma once

#include <memory>

#include "policy/rare_rules.h"
#include "policy/rule_set.h"

namespace khien::policy {

/// Which sources a network obeys, one bit each.
struct Policy {
  SourceMask sources = every_source;
  friend bool operator==(Policy, Policy) = default;
};

/// A shard's delta of more names is merged into the shard: a change copies the deltas it touches.
constexpr std::size_t delta_names_max = 1'024;

struct Rules {
  std::shared_ptr<const RuleSet> base;  // never null
  // By shard, null where nothing has changed. Made with the base's key.
  std::array<std::shared_ptr<const NameTable>, shard_count> deltas;
  std::shared_ptr<const RareRules> rare;  // null: no third party's zone is configured
  SourceMask expired = 0;                 // sources whose zone is too old to act on
  std::vector<ZoneState> zones;           // as they stand now; the base's are as of its building

  /// Rules without a single name.
  [[nodiscard]] static std::shared_ptr<const Rules> none(Rng& rng);

  [[nodiscard]] const HashKey& key() const noexcept { return base->key(); }
  [[nodiscard]] RareZones rare_zones() const {
    return rare == nullptr ? RareZones{} : rare->rules();
  }
  /// Which sources decide under `policy`, third parties' among them.
  [[nodiscard]] SourceMask deciding(Policy policy) const noexcept {
    if (rare == nullptr) return policy.sources & ~expired;
    return rare->zones().widen(policy.sources) & ~expired & ~rare->zones().disabled();
  }
  /// `name` must have been made with key(). Costs one or two cache misses a label.
  [[nodiscard]] Verdict find(const NameKey& name, Policy policy) const noexcept {
    return find_among(name, deciding(policy));
  }
  /// The same for exactly these sources.
  [[nodiscard]] Verdict find_among(const NameKey& name, SourceMask sources) const noexcept;
  /// Starts loading what find() will read.
  void prefetch(const NameKey& name) const noexcept;
  /// The same once more, when what prefetch() asked for has come. False if find() will find nothing
  /// in the base; true is a guess.
  bool prefetch_names(const NameKey& name) const noexcept;
  /// What the name itself (not its parents) has now.
  [[nodiscard]] RuleClass class_of(const NameKey& name) const noexcept;

  /// Calls visit(name, rule_class) for every name that has a rule, in no order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t shard = 0; shard < shard_count; ++shard) for_each_in(shard, visit);
  }
  template <typename Visit>
  void for_each_in(std::size_t shard, Visit&& visit) const {
    const NameTable* delta = deltas[shard].get();
    base->table(shard).for_each([&](Bytes name, const RuleClass& rule_class) {
      if (delta != nullptr && delta->find(NameKey{name, key()}) != nullptr) return;
      visit(name, rule_class);
    });
    if (delta == nullptr) return;
    delta->view().for_each([&](Bytes name, const RuleClass& rule_class) {
      if (!rule_class.empty()) visit(name, rule_class);
    });
  }

  /// These rules with a shard and its delta replaced, either of which may be null.
  [[nodiscard]] std::shared_ptr<Rules> with_shard(std::size_t index,
                                                  std::shared_ptr<const RuleShard> shard,
                                                  std::shared_ptr<const NameTable> delta) const;
};

}  // namespace khien::policy
