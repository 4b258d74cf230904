#include "resolver/shard_update.h"

#include <algorithm>

namespace khien::resolver {

using policy::NameKey;
using policy::NameTable;
using policy::RuleClass;
using policy::Rules;
using policy::RuleShard;
using policy::SourceMask;

namespace {

/// Adds or takes away the source's bits of one trigger. False if the record is there already, or is
/// not.
bool apply_trigger(RuleClass& rule_class, SourceMask& trigger, const SpoolEdit& edit) noexcept {
  const SourceMask source = mask_of(edit.source);
  if (((trigger & source) != 0) == edit.add) return false;
  if (edit.add) {
    trigger |= source;
    if (edit.nodata) rule_class.nodata |= source;
  } else {
    trigger &= ~source;
    if (((rule_class.exact | rule_class.below) & source) == 0) rule_class.nodata &= ~source;
  }
  return true;
}

bool apply_edit(RuleClass& rule_class, const SpoolEdit& edit) noexcept {
  return (!edit.exact || apply_trigger(rule_class, rule_class.exact, edit)) &&
         (!edit.below || apply_trigger(rule_class, rule_class.below, edit));
}

RuleClass class_of(const SpoolEdit& edit) noexcept {
  const SourceMask source = mask_of(edit.source);
  return {.exact = edit.exact ? source : 0,
          .below = edit.below ? source : 0,
          .nodata = edit.nodata ? source : 0};
}

RuleClass without(const RuleClass& rule_class, SourceMask mask) noexcept {
  return {.exact = rule_class.exact & ~mask,
          .below = rule_class.below & ~mask,
          .nodata = rule_class.nodata & ~mask};
}

RuleClass joined(const RuleClass& a, const RuleClass& b) noexcept {
  return {.exact = a.exact | b.exact, .below = a.below | b.below, .nodata = a.nodata | b.nodata};
}

bool has_any(const RuleClass& rule_class, SourceMask mask) noexcept {
  return ((rule_class.exact | rule_class.below) & mask) != 0;
}

bool mentions(const Rules& rules, std::size_t shard, SourceMask mask) noexcept {
  const auto has_mask = [mask](const RuleClass& rule_class) { return has_any(rule_class, mask); };
  const NameTable* delta = rules.deltas[shard].get();
  return std::ranges::any_of(rules.base->table(shard).classes(), has_mask) ||
         (delta != nullptr && std::ranges::any_of(delta->view().classes(), has_mask));
}

std::size_t class_count(const Rules& rules, std::size_t shard) noexcept {
  const NameTable* delta = rules.deltas[shard].get();
  return rules.base->table(shard).classes().size() +
         (delta == nullptr ? 0 : delta->view().classes().size());
}

std::size_t arena_size(const Rules& rules, std::size_t shard) noexcept {
  const NameTable* delta = rules.deltas[shard].get();
  return rules.base->table(shard).arena().size() +
         (delta == nullptr ? 0 : delta->view().arena().size());
}

}  // namespace

Result<void> ShardUpdate::check_limits(const Rules& rules, const EditSpool& edits) {
  // One source's bits in a class are one of eight, so that each class becomes eight at most.
  constexpr std::size_t variants = 8;
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    if (!edits.touches(shard)) continue;
    if (class_count(rules, shard) > policy::rule_classes_max / variants - 1) {
      return fail(ErrorCode::limit_exceeded, "too many distinct rule classes", "rule_classes");
    }
    const std::size_t had = arena_size(rules, shard);
    if (had > policy::arena_size_max || edits.name_octets(shard) > policy::arena_size_max - had) {
      return fail(ErrorCode::limit_exceeded, "the names of a shard take more than 4 GB",
                  "rule_names");
    }
  }
  return {};
}

Result<ShardUpdate::Parts> ShardUpdate::change(const Rules& rules, std::size_t shard,
                                               const EditSpool& edits, Rebuild rebuild) {
  const auto& had = rules.deltas[shard];
  NameTable delta = had != nullptr ? *had : NameTable{rules.key()};
  const auto& table = rules.base->table(shard);
  NameKey name;
  auto done = edits.for_each(shard, [&](const SpoolEdit& edit) -> Result<void> {
    name.assign(edit.name, rules.key());
    const RuleClass* known = delta.find(name);
    if (known == nullptr) known = table.find(name.hash(0), name.name());
    RuleClass rule_class = known == nullptr ? RuleClass{} : *known;
    if (apply_edit(rule_class, edit)) return delta.set(name, rule_class);
    return fail(ErrorCode::conflict,
                edit.add ? "IXFR adds a record that is there" : "IXFR removes a record that is not",
                "ixfr_mismatch");
  });
  if (!done) return tl::unexpected(std::move(done).error());
  Parts parts{.shard = rules.base->shards()[shard], .delta = nullptr};
  const bool is_due = delta.size() > policy::delta_names_max;
  if (!delta.empty()) parts.delta = std::make_shared<const NameTable>(std::move(delta));
  if (!is_due || rebuild == Rebuild::never) return parts;
  return merge(*rules.with_shard(shard, parts.shard, parts.delta), shard);
}

Result<void> ShardUpdate::read_incoming(std::size_t shard, const EditSpool& edits) {
  incoming_.restart(edits.names(shard), edits.name_octets(shard));
  NameKey name;
  return edits.for_each(shard, [&](const SpoolEdit& edit) {
    name.assign(edit.name, incoming_.key());
    return incoming_.add(name, class_of(edit));
  });
}

/// Calls set(name, wanted) for each name that the change gives another class, until it says false.
template <typename Set>
void ShardUpdate::for_each_difference(const Rules& rules, std::size_t shard, SourceMask mask,
                                      Set&& set) const {
  NameKey name;
  bool goes_on = true;
  // What is new or different; then what the sources had and have no more.
  incoming_.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
    if (!goes_on) return;
    name.assign(wire, rules.key());
    const RuleClass now = rules.class_of(name);
    const RuleClass wanted = joined(without(now, mask), rule_class);
    if (now != wanted) goes_on = set(name, wanted);
  });
  rules.for_each_in(shard, [&](Bytes wire, const RuleClass& rule_class) {
    if (!goes_on || !has_any(rule_class, mask)) return;
    name.assign(wire, rules.key());
    if (incoming_.find(name) == nullptr) goes_on = set(name, without(rule_class, mask));
  });
}

/// The delta that makes the change, or nullopt if it would be too large.
std::optional<NameTable> ShardUpdate::difference(const Rules& rules, std::size_t shard,
                                                 SourceMask mask) const {
  const NameTable* had = rules.deltas[shard].get();
  std::size_t names = had == nullptr ? 0 : had->size();
  // Counted first: they come in the order of their hashes, and a part of them would lie in a heap
  // at the front of the table.
  for_each_difference(rules, shard, mask, [&](const NameKey&, const RuleClass&) {
    return ++names <= policy::delta_names_max;
  });
  if (names > policy::delta_names_max) return std::nullopt;
  NameTable delta = had != nullptr ? *had : NameTable{rules.key()};
  delta.reserve(names);
  bool fits = true;
  for_each_difference(rules, shard, mask, [&](const NameKey& name, const RuleClass& rule_class) {
    fits = delta.set(name, rule_class).has_value();
    return fits;
  });
  return fits ? std::optional{std::move(delta)} : std::nullopt;
}

Result<ShardUpdate::Parts> ShardUpdate::replace(const Rules& rules, std::size_t shard,
                                                SourceMask mask, const EditSpool& edits) {
  const auto& now = rules.base->shards()[shard];
  if (!edits.touches(shard) && !mentions(rules, shard, mask)) {
    return Parts{.shard = now, .delta = rules.deltas[shard]};
  }
  if (auto read = read_incoming(shard, edits); !read) {
    return tl::unexpected(std::move(read).error());
  }
  if (now != nullptr || rules.deltas[shard] != nullptr) {
    if (auto delta = difference(rules, shard, mask)) {
      if (delta->empty()) return Parts{.shard = now, .delta = nullptr};
      return Parts{.shard = now, .delta = std::make_shared<const NameTable>(std::move(*delta))};
    }
  }
  return rebuild(rules, shard, mask);
}

Result<ShardUpdate::Parts> ShardUpdate::merge(const Rules& rules, std::size_t shard) {
  incoming_.restart(0, 0);
  return rebuild(rules, shard, 0);
}

/// What is there without the sources in `dropped`, and what is in incoming_.
Result<ShardUpdate::Parts> ShardUpdate::rebuild(const Rules& rules, std::size_t shard,
                                                SourceMask dropped) {
  const NameTable* delta = rules.deltas[shard].get();
  const auto& base = rules.base->shards()[shard];
  if (base == nullptr && delta == nullptr) {
    return Parts{.shard = RuleShard::freeze(incoming_), .delta = nullptr};
  }
  built_.restart((base == nullptr ? 0 : base->name_count()) +
                     (delta == nullptr ? 0 : delta->size()) + incoming_.size(),
                 arena_size(rules, shard) + incoming_.view().arena().size());
  NameKey name;
  Result<void> done{};
  rules.for_each_in(shard, [&](Bytes wire, const RuleClass& rule_class) {
    const RuleClass kept = without(rule_class, dropped);
    if (kept.exact == 0 && kept.below == 0) return;
    if (!done) return;
    name.assign(wire, rules.key());
    done = built_.set(name, kept);
  });
  incoming_.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
    if (!done) return;
    name.assign(wire, rules.key());
    done = built_.add(name, rule_class);
  });
  if (!done) return tl::unexpected(std::move(done).error());
  return Parts{.shard = RuleShard::freeze(built_), .delta = nullptr};
}

}  // namespace khien::resolver
