#include "policy/name_lists.h"

#include <algorithm>
#include <bit>

#include "policy/rules.h"

namespace khien::policy {
namespace {

constexpr std::size_t slots_min = 16;

}  // namespace

const NameLists::Entry* NameLists::entry_of(ListNumber list, std::uint64_t hash,
                                            Bytes name) const noexcept {
  for (std::size_t at = home_of(list, hash); slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.hash != hash || entry.list != list || entry.name_size != name.size()) continue;
    const Bytes known = Bytes{arena_}.subspan(entry.name_at, entry.name_size);
    if (std::ranges::equal(known, name)) return &entry;
  }
  return nullptr;
}

void NameLists::place(std::uint32_t index) noexcept {
  const Entry& entry = entries_[index];
  std::size_t at = home_of(entry.list, entry.hash);
  while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = index + 1;
}

Result<void> NameLists::add(const NameKey& name, const Item& item) {
  KHIEN_ASSERT(item.list != no_list && item.rule != OwnRule::none);
  if (!slots_.empty() && entry_of(item.list, name.hash(0), name.name()) != nullptr) {
    return fail(ErrorCode::conflict, "the name comes twice");
  }
  entries_.push_back({.hash = name.hash(0),
                      .until_ms = item.until_ms,
                      .list = item.list,
                      .name_at = static_cast<std::uint32_t>(arena_.size()),
                      .name_size = static_cast<std::uint8_t>(name.size()),
                      .rule = item.rule,
                      .covers_below = item.covers_below});
  arena_.insert(arena_.end(), name.name().begin(), name.name().end());
  if (2 * entries_.size() <= slots_.size()) {
    place(static_cast<std::uint32_t>(entries_.size() - 1));
    return {};
  }
  slots_.assign(std::max(slots_min, std::bit_ceil(4 * entries_.size())), 0);
  for (std::uint32_t i = 0; i < entries_.size(); ++i) place(i);
  return {};
}

NameLists::Found NameLists::find(ListNumber first, ListNumber second, const NameKey& name,
                                 InstantMs now_ms) const noexcept {
  if (slots_.empty()) return {};
  for (std::size_t i = 0; i + rule_labels_min <= name.label_count(); ++i) {
    for (const ListNumber list : {first, second}) {
      if (list == no_list) continue;
      const Entry* entry = entry_of(list, name.hash(i), name.suffix(i));
      if (entry == nullptr || entry->until_ms <= now_ms) continue;
      if (i != 0 && !entry->covers_below) continue;
      return {.rule = entry->rule, .at = static_cast<std::uint8_t>(name.suffix_at(i))};
    }
  }
  return {};
}

std::vector<InstantMs> NameLists::ends() const {
  std::vector<InstantMs> ends;
  for (const Entry& entry : entries_) {
    if (entry.until_ms != forever) ends.push_back(entry.until_ms);
  }
  std::ranges::sort(ends);
  return ends;
}

}  // namespace khien::policy
