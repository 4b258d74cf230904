#include "publish/zone_history.h"

#include "dns/serial.h"

namespace khien::publish {

void ZoneHistory::begin(std::uint32_t from, std::uint32_t to) {
  if (!steps_.empty() && steps_.back().to != from) reset();
  steps_.push_back({.from = from, .to = to, .changes = {}});
}

/// What became of a name's two records.
void ZoneHistory::push(NamePlace name_at, const Shown& before, const Shown& after) {
  const auto push_one = [&](RecordChangeKind kind) {
    steps_.back().changes.push_back({.name_at = name_at, .kind = kind});
    ++change_count_;
  };
  if (before.name != after.name) {
    push_one(after.name ? RecordChangeKind::add_name : RecordChangeKind::remove_name);
  }
  if (before.below != after.below) {
    push_one(after.below ? RecordChangeKind::add_below : RecordChangeKind::remove_below);
  }
}

void ZoneHistory::record(const TableChange& change) {
  push(change.name_at, change.before, change.after);
  for (const auto& [name_at, before, after] : change.others) push(name_at, before, after);
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
