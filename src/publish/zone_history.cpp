#include "publish/zone_history.h"

#include "dns/serial.h"

namespace khien::publish {

void ZoneHistory::begin(std::uint32_t from, std::uint32_t to) {
  if (!steps_.empty() && steps_.back().to != from) reset();
  steps_.push_back({.from = from, .to = to, .changes = {}});
}

void ZoneHistory::push(const RecordChange& change) {
  steps_.back().changes.push_back(change);
  ++change_count_;
}

void ZoneHistory::push_part(RecordChange change, const PartChange& part) {
  const bool is_record = part.before != part.after;
  const bool is_holding = part.held_before != part.held_after;
  if (!is_record && !is_holding) return;
  // What goes or comes in both goes or comes together: a record that is held is shown.
  change.layer = is_record && is_holding ? ChangeLayer::both
                 : is_record             ? ChangeLayer::record
                                         : ChangeLayer::holding;
  const bool is_added = is_record ? part.after : part.held_after;
  change.kind = is_added ? part.added : part.removed;
  push(change);
}

void ZoneHistory::record(const TableChange& change, bool lapsed) {
  constexpr auto name_added = RecordChangeKind::add_name;
  constexpr auto name_removed = RecordChangeKind::remove_name;
  constexpr auto below_added = RecordChangeKind::add_below;
  constexpr auto below_removed = RecordChangeKind::remove_below;
  const RecordChange own{.name_at = change.name_at, .lapsed = lapsed};
  push_part(own, {name_added, name_removed, change.before.name, change.after.name,
                  change.held_before.name, change.held_after.name});
  push_part(own, {below_added, below_removed, change.before.below, change.after.below,
                  change.held_before.below, change.held_after.below});
  for (const auto& [name_at, before, after] : change.others) {
    const RecordChange other{.name_at = name_at};
    push_part(other, {name_added, name_removed, before.name, after.name, false, false});
    push_part(other, {below_added, below_removed, before.below, after.below, false, false});
  }
  // Each empty step counts as one, so that steps are bounded too.
  while (change_count_ + steps_.size() > history_changes_max && steps_.size() > 1) {
    change_count_ -= steps_.front().changes.size();
    steps_.pop_front();
  }
}

void ZoneHistory::reset() {
  steps_.clear();
  change_count_ = 0;
}

std::optional<std::vector<SerialStep>> ZoneHistory::since(std::uint32_t serial) const {
  if (steps_.empty()) return std::nullopt;
  if (steps_.back().to == serial) return std::vector<SerialStep>{};
  if (serial == 0) return std::nullopt;  // no zone of ours has it
  // Neighbouring steps are one serial apart, so the place is known without a search.
  const std::uint32_t index = dns::serial_steps(steps_.front().from, serial);
  if (index >= steps_.size()) return std::nullopt;
  return std::vector<SerialStep>(steps_.begin() + static_cast<std::ptrdiff_t>(index), steps_.end());
}

}  // namespace khien::publish
