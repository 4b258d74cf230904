#include "policy/name_table.h"

#include <cstring>

namespace khien::policy {

Bytes TableView::name_at(std::uint32_t offset) const noexcept {
  std::size_t end = offset;
  while (end < arena_.size() && arena_[end] != 0) end += 1 + std::size_t{arena_[end]};
  if (end >= arena_.size()) return {};
  return arena_.subspan(offset, end + 1 - offset);
}

bool TableView::prefetch_name(std::uint64_t hash) const noexcept {
  if (slots_.empty()) return false;
  const std::uint16_t tag = tag_of(hash);
  for (std::size_t at = home_of(hash); slots_.data()[at].offset != 0;) {
    if (slots_.data()[at].tag == tag) {
      __builtin_prefetch(arena_.data() + slots_.data()[at].offset);
      return true;
    }
    if (++at == slots_.size()) at = 0;
  }
  return false;
}

void NameTable::reserve(std::size_t names, std::size_t name_size) {
  arena_.reserve(1 + names * name_size + arena_pad_size);
  if (slots_for(names) > slots_.size()) rehash(slots_for(names));
}

Result<std::uint16_t> NameTable::class_number(const RuleClass& rule_class) {
  const auto known = class_numbers_.find(rule_class);
  if (known != class_numbers_.end()) return known->second;
  if (classes_.size() >= rule_classes_max) {
    return fail(ErrorCode::limit_exceeded, "too many distinct rule classes", "rule_classes");
  }
  const auto number = static_cast<std::uint16_t>(classes_.size());
  classes_.push_back(rule_class);
  class_numbers_.emplace(rule_class, number);
  return number;
}

void NameTable::rehash(std::size_t slot_count) {
  if (arena_.empty()) arena_.assign(1 + arena_pad_size, 0);
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slot_count));
  NameKey key;
  const TableView table = view();
  for (const Slot& slot : old) {
    if (slot.offset == 0) continue;
    key.assign(table.name_at(slot.offset), key_);
    // Every name is there once, so a free slot is always what it finds.
    slots_[table.locate(key.hash(0), key.name())] = slot;
  }
}

Result<void> NameTable::store(const NameKey& name, std::size_t at, const RuleClass& rule_class) {
  auto number = class_number(rule_class);
  if (!number) return tl::unexpected(std::move(number).error());
  if (slots_[at].offset != 0) {
    slots_[at].rule_class = *number;
    return {};
  }
  const std::size_t offset = arena_.size() - arena_pad_size;
  if (arena_size_max - arena_.size() < name.size()) {
    return fail(ErrorCode::limit_exceeded, "the names take more than 4 GB", "rule_names");
  }
  arena_.resize(arena_.size() + name.size());
  std::memcpy(arena_.data() + offset, name.name().data(), name.size());
  slots_[at] = {.offset = static_cast<std::uint32_t>(offset),
                .tag = tag_of(name.hash(0)),
                .rule_class = *number};
  ++size_;
  return {};
}

Result<void> NameTable::set(const NameKey& name, const RuleClass& rule_class) {
  KHIEN_ASSERT(name.label_count() > 0);
  if (slots_for(size_ + 1) > slots_.size()) rehash(slots_for(2 * size_));
  return store(name, view().locate(name.hash(0), name.name()), rule_class);
}

Result<void> NameTable::add(const NameKey& name, const RuleClass& rule_class) {
  KHIEN_ASSERT(name.label_count() > 0);
  if (slots_for(size_ + 1) > slots_.size()) rehash(slots_for(2 * size_));
  const std::size_t at = view().locate(name.hash(0), name.name());
  RuleClass merged = rule_class;
  if (slots_[at].offset != 0) {
    const RuleClass& had = classes_[slots_[at].rule_class];
    if (had == rule_class) return {};
    merged = rule_class.joined(had);
  }
  return store(name, at, merged);
}

void NameTable::restart(std::size_t names, std::size_t name_octets) {
  // What one large table needed is not kept while many small ones follow.
  constexpr std::size_t kept_times_max = 4;
  const std::size_t slot_count = slots_for(names);
  const std::size_t arena_size = 1 + name_octets + arena_pad_size;
  if (slots_.capacity() / kept_times_max > slot_count) slots_ = {};
  if (arena_.capacity() / kept_times_max > arena_size) arena_ = {};
  slots_.assign(slot_count, Slot{});
  arena_.clear();
  arena_.reserve(arena_size);
  arena_.assign(1 + arena_pad_size, 0);
  classes_.clear();
  class_numbers_.clear();
  size_ = 0;
}

}  // namespace khien::policy
