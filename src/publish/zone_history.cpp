#include "publish/zone_history.h"

#include <algorithm>

namespace khien::publish {

void ZoneHistory::begin(std::uint32_t from, std::uint32_t to) {
  if (!steps_.empty() && steps_.back().to != from) reset();
  steps_.push_back({.from = from, .to = to, .changes = {}});
}

void ZoneHistory::push(RecordChange change) {
  steps_.back().changes.push_back(change);
  ++change_count_;
}

void ZoneHistory::record(const TableChange& change, bool lapsed) {
  const auto& [before, after, name_at] = change;
  if (before.name != after.name) {
    push({.name_at = name_at,
          .kind = after.name ? RecordChangeKind::add_name : RecordChangeKind::remove_name,
          .lapsed = lapsed});
  }
  if (before.below != after.below) {
    push({.name_at = name_at,
          .kind = after.below ? RecordChangeKind::add_below : RecordChangeKind::remove_below,
          .lapsed = lapsed});
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
  // Serials of neighbouring steps differ by one, so the place is known without a search.
  const std::uint32_t first = steps_.front().from;
  const std::uint32_t index = serial - first;
  if (index >= steps_.size()) return std::nullopt;
  return std::vector<SerialStep>(steps_.begin() + static_cast<std::ptrdiff_t>(index), steps_.end());
}

}  // namespace khien::publish
