// Names with their rule classes in one flat hash table: slots of 8 octets (open addressing, linear
// probing), names in one arena in folded wire form, and the few distinct classes in a list of their
// own. A hit is compared octet by octet: there are no false positives.
//
//   slot  [ name's offset in the arena : 32 | tag : 16 | class : 16 ]   offset 0: free
//   bytes a name: 8 / load (0.65) + size of the wire form: about 32 for real block lists
//
// TableView reads a table wherever it lies (in a shard's pages, or mapped from a snapshot file);
// NameTable owns one that grows. Neither locks; a NameTable that is being changed belongs to one
// thread.
#pragma once

#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "policy/name_key.h"
#include "policy/rule_class.h"

namespace khien::policy {

struct Slot {
  std::uint32_t offset = 0;
  std::uint16_t tag = 0;
  std::uint16_t rule_class = 0;
};
static_assert(sizeof(Slot) == 8);

constexpr std::size_t rule_classes_max = 65'535;               // 16 bits in a slot
constexpr std::size_t arena_size_max = 0xFFFF'FFFF;            // 32 bits in a slot
constexpr std::size_t arena_pad_size = key_name_size_max + 1;  // comparisons stay inside the arena

/// Slots for `names` names. Linear probing at 0.65: about 1.9 slots for a hit and 4.6 for a miss,
/// most in one cache line.
[[nodiscard]] constexpr std::size_t slots_for(std::size_t names) noexcept {
  constexpr std::size_t load_percent = 65;
  constexpr std::size_t slots_min = 64;
  const std::size_t wanted = names * 100 / load_percent + 1;
  return wanted < slots_min ? slots_min : wanted;
}

[[nodiscard]] constexpr std::uint16_t tag_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint16_t>(hash >> 48);
}

/// A table read in place. Borrows everything.
class TableView {
 public:
  TableView() noexcept = default;
  /// The caller has checked: at least one free slot, each offset at most arena.size() -
  /// arena_pad_size, each class in `classes`.
  TableView(std::span<const Slot> slots, Bytes arena, std::span<const RuleClass> classes) noexcept
      : slots_(slots), arena_(arena), classes_(classes) {}

  /// The class of `suffix`, whose hash is `hash`, or nullptr. Borrowed from the table.
  [[nodiscard]] const RuleClass* find(std::uint64_t hash, Bytes suffix) const noexcept {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_.data()[locate(hash, suffix)];
    return slot.offset == 0 ? nullptr : classes_.data() + slot.rule_class;
  }
  void prefetch(std::uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home_of(hash)]);
  }

  /// The second step, once the slot has come: starts loading the name that `hash` leads to, if
  /// there is one whose tag is the same.
  bool prefetch_name(std::uint64_t hash) const noexcept;

  /// Calls visit(name, rule_class) for every name, in no order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.offset != 0) visit(name_at(slot.offset), classes_[slot.rule_class]);
    }
  }

  [[nodiscard]] std::span<const Slot> slots() const noexcept { return slots_; }
  [[nodiscard]] Bytes arena() const noexcept { return arena_; }
  [[nodiscard]] std::span<const RuleClass> classes() const noexcept { return classes_; }
  [[nodiscard]] std::size_t memory_size() const noexcept {
    return slots_.size_bytes() + arena_.size() + classes_.size_bytes();
  }

  /// The name that a slot in use points at.
  [[nodiscard]] Bytes name_at(std::uint32_t offset) const noexcept;
  /// The slot of `suffix`, or the free slot where it belongs. Not for a table without slots.
  [[nodiscard]] std::size_t locate(std::uint64_t hash, Bytes suffix) const noexcept;

 private:
  [[nodiscard]] std::size_t home_of(std::uint64_t hash) const noexcept {
    // Scales 32 bits of the hash to the table's size, which need not be a power of two.
    return ((hash & 0xFFFF'FFFF) * slots_.size()) >> 32;
  }
  std::span<const Slot> slots_;
  Bytes arena_;
  std::span<const RuleClass> classes_;
};

// In line: a query does this three times.
inline std::size_t TableView::locate(std::uint64_t hash, Bytes suffix) const noexcept {
  const std::uint16_t tag = tag_of(hash);
  std::size_t at = home_of(hash);
  // Ends: the table is never full.
  while (true) {
    const Slot& slot = slots_.data()[at];
    if (slot.offset == 0) return at;
    // The arena ends in arena_pad_size octets of padding, so this never reads behind it.
    if (slot.tag == tag &&
        std::memcmp(arena_.data() + slot.offset, suffix.data(), suffix.size()) == 0) {
      return at;
    }
    if (++at == slots_.size()) at = 0;
  }
}

/// A table that grows. Copying copies everything (a delta is copied for each change of it).
class NameTable {
 public:
  explicit NameTable(const HashKey& key) : key_(key) {}

  /// Room for `names` names of `name_size` octets, so that filling it does not rehash.
  void reserve(std::size_t names, std::size_t name_size = 20);
  /// Takes all names out and keeps their memory for the next ones: `names` names in `name_octets`
  /// octets.
  void restart(std::size_t names, std::size_t name_octets);

  /// Sets the class of the name in `name`, which was made with this table's key, and returns
  /// nothing; the empty class is kept as such. limit_exceeded at rule_classes_max distinct classes
  /// or an arena of 4 GB.
  Result<void> set(const NameKey& name, const RuleClass& rule_class);
  /// Adds the bits of `rule_class` to what the name has.
  Result<void> add(const NameKey& name, const RuleClass& rule_class);

  [[nodiscard]] const RuleClass* find(const NameKey& name) const noexcept {
    return view().find(name.hash(0), name.name());
  }
  [[nodiscard]] TableView view() const noexcept { return {slots_, arena_, classes_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const HashKey& key() const noexcept { return key_; }

 private:
  [[nodiscard]] Result<std::uint16_t> class_number(const RuleClass& rule_class);
  void rehash(std::size_t slot_count);
  Result<void> store(const NameKey& name, std::size_t at, const RuleClass& rule_class);

  HashKey key_;
  std::vector<Slot> slots_;
  Octets arena_;
  std::vector<RuleClass> classes_;
  std::map<RuleClass, std::uint16_t> class_numbers_;
  std::size_t size_ = 0;
};

}  // namespace khien::policy
