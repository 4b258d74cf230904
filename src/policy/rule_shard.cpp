#include "policy/rule_shard.h"

#include <cstring>
#include <new>

#include "base/page_buffer.h"

namespace khien::policy {
namespace {

constexpr std::size_t class_unused = rule_classes_max;

struct Size {
  std::size_t names = 0;
  std::size_t arena = 1 + arena_pad_size;  // offset 0 is no name's
};

}  // namespace

std::shared_ptr<const RuleShard> RuleShard::freeze(const NameTable& table) {
  Size size;
  // Only the classes that are used, in new numbers.
  std::vector<RuleClass> classes;
  const TableView from = table.view();
  std::vector<std::size_t> number_of(from.classes().size(), class_unused);
  for (const Slot& slot : from.slots()) {
    if (slot.offset == 0 || from.classes()[slot.rule_class].empty()) continue;
    ++size.names;
    size.arena += from.name_at(slot.offset).size();
    std::size_t& number = number_of[slot.rule_class];
    if (number != class_unused) continue;
    number = classes.size();
    classes.push_back(from.classes()[slot.rule_class]);
  }
  if (size.names == 0) return nullptr;

  const std::size_t slot_count = slots_for(size.names);
  const std::size_t slots_at = classes.size() * sizeof(RuleClass);
  const std::size_t arena_at = slots_at + slot_count * sizeof(Slot);
  const auto pages = std::make_shared<const PageBuffer>(arena_at + size.arena, Pages::huge);
  std::uint8_t* const octets = pages->octets().data();
  std::memcpy(octets, classes.data(), slots_at);
  // The pages are zero, which is a free slot.
  const std::span<Slot> slots{std::launder(reinterpret_cast<Slot*>(octets + slots_at)), slot_count};
  const Bytes arena{octets + arena_at, size.arena};
  const TableView view{
      slots, arena, {std::launder(reinterpret_cast<const RuleClass*>(octets)), classes.size()}};
  std::size_t end = 1;
  NameKey key;
  for (const Slot& slot : from.slots()) {
    if (slot.offset == 0 || number_of[slot.rule_class] == class_unused) continue;
    key.assign(from.name_at(slot.offset), table.key());
    slots[view.locate(key.hash(0), key.name())] = {
        .offset = static_cast<std::uint32_t>(end),
        .tag = slot.tag,
        .rule_class = static_cast<std::uint16_t>(number_of[slot.rule_class])};
    std::memcpy(octets + arena_at + end, key.name().data(), key.size());
    end += key.size();
  }
  return std::make_shared<const RuleShard>(view, size.names, pages);
}

}  // namespace khien::policy
