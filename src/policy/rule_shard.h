// One of the parts that a rule set consists of: the names whose last two labels hash to it. A rule
// has at least two labels, so a rule and all rules above and below it lie in one shard: a lookup
// touches one, and a shard can be replaced by itself without a name being half its old and half its
// new self (ADR 0604).
//
// A shard is immutable and exactly as large as its names need. It lies in pages of its own, or in
// place in a mapped snapshot file. Any thread may read it.
#pragma once

#include <memory>

#include "policy/name_table.h"

namespace khien::policy {

constexpr std::size_t shard_count = 64;

/// Names of at least this many labels can have a rule: nobody may block the root or a top-level
/// domain.
constexpr std::size_t rule_labels_min = 2;

/// Where the rules for `name`, of at least rule_labels_min labels, lie. Of the hash, slots and tags
/// use other bits.
[[nodiscard]] inline std::size_t shard_of(const NameKey& name) noexcept {
  return (name.hash(name.label_count() - rule_labels_min) >> 32) % shard_count;
}

class RuleShard {
 public:
  /// The names of `table` that have a rule, in pages of their own; an empty class is left out.
  /// `table` may hold names of one shard only.
  [[nodiscard]] static std::shared_ptr<const RuleShard> freeze(const NameTable& table);
  /// What lies elsewhere, sound as TableView wants it, for as long as `owner` lives.
  RuleShard(TableView table, std::size_t name_count, std::shared_ptr<const void> owner) noexcept
      : table_(table), name_count_(name_count), owner_(std::move(owner)) {}

  [[nodiscard]] const TableView& table() const noexcept { return table_; }
  [[nodiscard]] std::size_t name_count() const noexcept { return name_count_; }

 private:
  TableView table_;
  std::size_t name_count_;
  std::shared_ptr<const void> owner_;
};

}  // namespace khien::policy
