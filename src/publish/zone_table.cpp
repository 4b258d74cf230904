#include "publish/zone_table.h"

#include <algorithm>

#include "base/assert.h"
#include "publish/zone_entry.h"

namespace khien::publish {
namespace {

constexpr std::size_t slots_min = 64;

}  // namespace

Shown shown_by(std::span<const Holder> holders) noexcept {
  Shown shown;
  for (const Holder& holder : holders) {
    shown.name = true;
    shown.below = shown.below || holder.scope == Scope::domain;
  }
  return shown;
}

std::uint32_t ZoneTable::hash_of(dns::NameView name) const noexcept {
  // FNV-1a from a random start, and a last mix so that low and high bits are of use.
  std::uint64_t hash = seed_;
  for (const std::uint8_t octet : name.wire()) hash = (hash ^ octet) * 0x100'0000'01B3;
  hash ^= hash >> 29;
  hash *= 0xBF58'476D'1CE4'E5B9;
  return static_cast<std::uint32_t>(hash >> 32);
}

std::optional<std::uint32_t> ZoneTable::find(dns::NameView name) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t hash = hash_of(name);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].entry_plus_one != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const std::uint32_t entry = slots_[at].entry_plus_one - 1;
    if (pool_.at(entries_[entry].name_at) == name) return entry;
  }
  return std::nullopt;
}

void ZoneTable::place(std::uint32_t entry, std::uint32_t hash) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].entry_plus_one != 0) at = (at + 1) & mask;
  slots_[at] = {.entry_plus_one = entry + 1, .hash = hash};
}

void ZoneTable::grow() {
  std::vector<Slot> old(std::max(slots_min, slots_.size() * 2));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.entry_plus_one != 0) place(slot.entry_plus_one - 1, slot.hash);
  }
}

/// Frees the name's slot and closes the gap, so that no probe sequence is cut (Knuth, volume 3,
/// section 6.4, algorithm R).
void ZoneTable::displace(dns::NameView name) noexcept {
  const std::uint32_t hash = hash_of(name);
  const std::size_t mask = slots_.size() - 1;
  std::size_t gap = hash & mask;
  while (slots_[gap].hash != hash ||
         pool_.at(entries_[slots_[gap].entry_plus_one - 1].name_at) != name) {
    gap = (gap + 1) & mask;
  }
  for (std::size_t at = (gap + 1) & mask; slots_[at].entry_plus_one != 0; at = (at + 1) & mask) {
    const std::size_t home = slots_[at].hash & mask;
    // It may move into the gap unless its home lies cyclically in (gap, at].
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
}

std::uint32_t ZoneTable::find_or_make(dns::NameView name) {
  if (const auto entry = find(name)) return *entry;
  return make_entry(pool_.store(name), flag_many);
}

std::uint32_t ZoneTable::make_entry(NamePlace at, std::uint32_t word) {
  // Above 5/8 full, probes get long.
  const std::size_t used_count = entries_.size() - free_entries_.size();
  if ((used_count + 1) * 8 > slots_.size() * 5) grow();
  std::uint32_t entry = 0;
  if (free_entries_.empty()) {
    entry = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
    pages_.forget_page_of(entry);
  } else {
    entry = free_entries_.back();
    free_entries_.pop_back();
    prepare_change(entry);
  }
  entries_[entry] = {.name_at = at, .word = word};
  place(entry, hash_of(pool_.at(at)));
  return entry;
}

void ZoneTable::release(std::uint32_t entry) {
  displace(pool_.at(entries_[entry].name_at));
  entries_[entry] = {};
  free_entries_.push_back(entry);
}

std::vector<Holder> ZoneTable::holders_of(std::uint32_t entry) const {
  const Entry& packed = entries_[entry];
  if (packed.name_at == 0) return {};
  if ((packed.word & flag_many) != 0) {
    const auto listed = holders_.find(entry);  // absent for fillers, and for what is being made
    return listed == holders_.end() ? std::vector<Holder>{} : listed->second;
  }
  return {Holder{.source = packed.word & source_mask,
                 .scope = is_domain(entry) ? Scope::domain : Scope::host}};
}

Shown ZoneTable::shown_of(std::uint32_t entry) const {
  if (entries_[entry].name_at == 0) return {};
  if (is_covered(entry)) return {.name = true, .below = true};
  const bool is_held = (entries_[entry].word & flag_many) == 0 || holders_.contains(entry);
  return {.name = is_held, .below = is_held && is_domain(entry)};
}

void ZoneTable::forget_dues(std::uint32_t entry, std::span<const Holder> holders) {
  for (const Holder& holder : holders) {
    if (holder.until_ms != 0) dues_.erase({holder.until_ms, entry, holder.source});
  }
}

void ZoneTable::remember_dues(std::uint32_t entry, std::span<const Holder> holders) {
  for (const Holder& holder : holders) {
    if (holder.until_ms != 0) dues_.insert({holder.until_ms, entry, holder.source});
  }
}

/// Writes the holders into the entry, whose cover stays.
void ZoneTable::put_holders(std::uint32_t entry, std::vector<Holder> holders) {
  std::uint32_t word = entries_[entry].word & flag_covered;
  if (shown_by(holders).below) word |= flag_domain;
  if (holders.size() == 1 && holders[0].until_ms == 0) {
    holders_.erase(entry);
    word |= holders[0].source;
  } else {
    word |= flag_many;
    if (holders.empty()) {
      holders_.erase(entry);
    } else {
      holders_[entry] = std::move(holders);
    }
  }
  entries_[entry].word = word;
}

TableChange ZoneTable::replace_holders(std::uint32_t entry, std::vector<Holder> holders) {
  const std::vector<Holder> old = holders_of(entry);
  const dns::NameView name = pool_.at(entries_[entry].name_at);
  TableChange change{.name_at = entries_[entry].name_at,
                     .before = shown_of(entry),
                     .after = {},
                     .held_before = shown_by(old),
                     .held_after = shown_by(holders),
                     .others = {}};
  prepare_change(entry);
  forget_dues(entry, old);
  remember_dues(entry, holders);
  put_holders(entry, std::move(holders));

  if (!change.held_before.name && change.held_after.name) come_in(entry, change.others);
  if (!is_covered(entry)) {
    if (!change.held_before.below && change.held_after.below) cover_below(name, change.others);
    if (change.held_before.below && !change.held_after.below) uncover_below(name, change.others);
  }
  if (change.held_before.name && !change.held_after.name) go_out(entry, change.others);

  change.after = shown_of(entry);
  record_count_ += records_of(change.after);
  record_count_ -= records_of(change.before);
  return change;
}

TableChange ZoneTable::add(dns::NameView name, const Holder& holder) {
  KHIEN_ASSERT(holder.source < source_count_max);
  const std::uint32_t entry = find_or_make(name);
  std::vector<Holder> holders = holders_of(entry);
  std::erase_if(holders, [&](const Holder& held) { return held.source == holder.source; });
  holders.push_back(holder);
  return replace_holders(entry, std::move(holders));
}

TableChange ZoneTable::remove(dns::NameView name, SourceIndex source) {
  const auto entry = find(name);
  if (!entry || is_filler(*entry)) return {};
  std::vector<Holder> holders = holders_of(*entry);
  std::erase_if(holders, [&](const Holder& held) {
    return held.source == source || held.source == rollback_source;
  });
  return replace_holders(*entry, std::move(holders));
}

TableChange ZoneTable::clear(dns::NameView name) {
  const auto entry = find(name);
  if (!entry || is_filler(*entry)) return {};
  return replace_holders(*entry, {});
}

std::vector<Holder> ZoneTable::holders(dns::NameView name) const {
  const auto entry = find(name);
  return entry ? holders_of(*entry) : std::vector<Holder>{};
}

Shown ZoneTable::shown(dns::NameView name) const {
  const auto entry = find(name);
  return entry ? shown_of(*entry) : Shown{};
}

Shown ZoneTable::held(dns::NameView name) const { return shown_by(holders(name)); }

std::vector<ZoneTable::Due> ZoneTable::due(InstantMs now_ms, std::size_t count_max) const {
  std::vector<Due> result;
  for (const auto& [until_ms, entry, source] : dues_) {
    if (until_ms > now_ms || result.size() == count_max) break;
    result.push_back({.name_at = entries_[entry].name_at, .source = source, .until_ms = until_ms});
  }
  return result;
}

std::optional<InstantMs> ZoneTable::next_due_ms() const {
  if (dues_.empty()) return std::nullopt;
  return std::get<0>(*dues_.begin());
}

std::size_t ZoneTable::memory_size() const noexcept {
  constexpr std::size_t listed_size = 96;  // about: a node of the map and a vector of one holder
  return pool_.memory_size() + order_.memory_size() + entries_.capacity() * sizeof(Entry) +
         free_entries_.capacity() * sizeof(std::uint32_t) + slots_.capacity() * sizeof(Slot) +
         holders_.size() * listed_size + dues_.size() * (sizeof(DueKey) + 32);
}

/// What it shows now goes to the snapshots, and its page off the shelf.
void ZoneTable::prepare_change(std::uint32_t entry) {
  pages_.forget_page_of(entry);
  for (Snapshot* snapshot : snapshots_) {
    if (entry < snapshot->cursor_ || entry >= snapshot->end_) continue;
    if (snapshot->saved_.contains(entry)) continue;
    snapshot->saved_.emplace(entry, Snapshot::Saved{.name_at = entries_[entry].name_at,
                                                    .shown = shown_of(entry),
                                                    .holders = holders_of(entry)});
    snapshot->changed_pages_.insert(entry / page_entries);
  }
}

std::optional<ZoneTable::Item> ZoneTable::item(const Snapshot& snapshot, std::uint32_t entry,
                                               std::vector<Holder>& scratch) const {
  const auto saved = snapshot.saved_.find(entry);
  NamePlace at = entries_[entry].name_at;
  Shown shown;
  if (saved == snapshot.saved_.end()) {
    shown = shown_of(entry);
    scratch = holders_of(entry);
  } else {
    at = saved->second.name_at;
    shown = saved->second.shown;
    scratch = saved->second.holders;
  }
  if (at == 0 || !shown.name) return std::nullopt;
  return Item{.name = pool_.at(at), .shown = shown, .holders = scratch};
}

ZoneTable::Snapshot::Snapshot(ZoneTable& table, std::uint32_t from)
    : table_(table), cursor_(from), end_(static_cast<std::uint32_t>(table.entries_.size())) {
  table.snapshots_.push_back(this);
}

bool ZoneTable::make_missing_page(const ZoneFacts& zone) {
  const auto page = pages_.first_missing(page_count());
  if (!page) return false;
  Snapshot now{*this, *page * page_entries};
  static_cast<void>(now.next_page(zone));
  return true;
}

/// No entry of the page has changed since, and none is new.
bool ZoneTable::Snapshot::is_as_it_was(std::uint32_t page) const noexcept {
  const std::uint64_t page_end = (std::uint64_t{page} + 1) * page_entries;
  if (page_end > end_ && table_.entries_.size() != end_) return false;
  return !changed_pages_.contains(page);
}

std::shared_ptr<const ZonePage> ZoneTable::Snapshot::next_page(const ZoneFacts& zone) {
  if (cursor_ >= end_) return nullptr;
  const std::uint32_t page = cursor_ / page_entries;
  const bool may_be_shared = is_as_it_was(page);
  auto kept = may_be_shared ? table_.pages_.find(page) : nullptr;
  const std::uint32_t begin = cursor_;
  cursor_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(end_, (std::uint64_t{page} + 1) * page_entries));
  if (kept) return kept;
  PageWriter writer{zone};
  for (std::uint32_t entry = begin; entry < cursor_; ++entry) {
    const auto saved = saved_.find(entry);
    const bool is_saved = saved != saved_.end();
    const NamePlace at = is_saved ? saved->second.name_at : table_.entries_[entry].name_at;
    const Shown shown = is_saved ? saved->second.shown : table_.shown_of(entry);
    if (at != 0) writer.add(table_.pool_.at(at), shown);
  }
  auto made = std::make_shared<const ZonePage>(writer.finish());
  if (may_be_shared) table_.pages_.put(page, made);
  return made;
}

ZoneTable::Snapshot::~Snapshot() { std::erase(table_.snapshots_, this); }

}  // namespace khien::publish
