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

/// The masks of one trigger, the name itself or what lies below it.
struct Trigger {
  SourceMask& matches;
  SourceMask& nodata;
  SourceMask& rare;
};

Trigger trigger_of(RuleClass& rule_class, bool below) noexcept {
  if (below) return {rule_class.below, rule_class.nodata_below, rule_class.rare_below};
  return {rule_class.exact, rule_class.nodata, rule_class.rare};
}

/// Adds or takes away the source's bits of one trigger. False if the record is there already, or is
/// not.
bool apply_plain(const Trigger& trigger, const SpoolEdit& edit) noexcept {
  const SourceMask source = mask_of(edit.source);
  const bool is_there = (trigger.matches & source) != 0;
  if (edit.add) {
    if (is_there) return false;
    trigger.matches |= source;
    if (edit.nodata) trigger.nodata |= source;
    return true;
  }
  const bool is_same =
      is_there && (trigger.rare & source) == 0 && ((trigger.nodata & source) != 0) == edit.nodata;
  if (!is_same) return false;
  trigger.matches &= ~source;
  trigger.nodata &= ~source;
  return true;
}

/// A rare record came or went: whether the trigger has any now was found before (rare_change.h).
void apply_rare(const Trigger& trigger, const SpoolEdit& edit, bool has_rare) noexcept {
  const SourceMask source = mask_of(edit.source);
  if (has_rare) {
    trigger.matches |= source;
    trigger.rare |= source;
    trigger.nodata &= ~source;
  } else if ((trigger.rare & source) != 0) {
    trigger.matches &= ~source;
    trigger.rare &= ~source;
  }
}

RuleClass class_of(const SpoolEdit& edit) noexcept {
  const SourceMask source = mask_of(edit.source);
  return {.exact = edit.exact ? source : 0,
          .below = edit.below ? source : 0,
          .nodata = edit.exact && edit.nodata ? source : 0,
          .nodata_below = edit.below && edit.nodata ? source : 0};
}

bool mentions(const Rules& rules, std::size_t shard, SourceMask mask) noexcept {
  const auto has_mask = [mask](const RuleClass& rule_class) { return rule_class.has(mask); };
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

ShardUpdate::Fit ShardUpdate::apply(RuleClass& rule_class, const SpoolEdit& edit,
                                    Bytes folded) const noexcept {
  const SourceMask source = mask_of(edit.source);
  for (const bool below : {false, true}) {
    if (!(below ? edit.below : edit.exact)) continue;
    const Trigger trigger = trigger_of(rule_class, below);
    const bool is_there = (trigger.matches & source) != 0;
    const bool is_plain = is_there && (trigger.rare & source) == 0;
    if (edit.rare) {
      const bool has_rare =
          rare_ != nullptr && rare_->find(dns::RpzTriggerKind::qname, below, folded).has_value();
      if (has_rare && is_plain) return Fit::conflicting;
      apply_rare(trigger, edit, has_rare);
    } else if (!apply_plain(trigger, edit)) {
      const bool is_same = is_plain && ((trigger.nodata & source) != 0) == edit.nodata;
      return is_same ? Fit::duplicate : Fit::conflicting;
    }
  }
  return Fit::good;
}

void ShardUpdate::skip(Skipped reason) noexcept { ++skipped_[static_cast<std::size_t>(reason)]; }

/// Into incoming_, beside what came before. A second record of a trigger is left out: of a third
/// party's zone with a count; lists and khiend's zones may say a thing twice.
Result<void> ShardUpdate::take_incoming(const NameKey& name, const SpoolEdit& edit) {
  if (!is_third_party(edit.source)) return incoming_.add(name, class_of(edit));
  const RuleClass* known = incoming_.find(name);
  RuleClass rule_class = known == nullptr ? RuleClass{} : *known;
  const Fit fit = apply(rule_class, edit, name.name());
  if (fit == Fit::duplicate) skip(Skipped::duplicate);
  if (fit == Fit::conflicting) skip(Skipped::conflicting);
  return incoming_.set(name, rule_class);
}

Result<void> ShardUpdate::check_limits(const Rules& rules, const EditSpool& edits) {
  // A name has no, a plain, a NODATA or a rare rule of one source, and so has what lies below it:
  // each class becomes sixteen at most.
  constexpr std::size_t variants = 16;
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
    if (apply(rule_class, edit, name.name()) == Fit::good) return delta.set(name, rule_class);
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
    return take_incoming(name, edit);
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
    const RuleClass wanted = now.without(mask).joined(rule_class);
    if (now != wanted) goes_on = set(name, wanted);
  });
  rules.for_each_in(shard, [&](Bytes wire, const RuleClass& rule_class) {
    if (!goes_on || !rule_class.has(mask)) return;
    name.assign(wire, rules.key());
    if (incoming_.find(name) == nullptr) goes_on = set(name, rule_class.without(mask));
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
    const RuleClass kept = rule_class.without(dropped);
    if (kept.empty()) return;
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
