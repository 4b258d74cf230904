// What ZoneSet holds behind its two locks. Internal to zone_set*.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/frame_file.h"
#include "publish/rule_history.h"
#include "publish/zone_history.h"
#include "publish/zone_set.h"

namespace khien::publish {

/// Behind the state lock: what readers see.
struct ZoneSet::State {
  struct Zone {
    const ZoneFacts* facts = nullptr;
    std::uint32_t serial = 1;
    std::unique_ptr<ZoneTable> table;
    ZoneHistory history;
    RuleHistory rules;
  };
  std::vector<Zone> zones;  // in the order of all_sets()
  std::uint64_t position = 0;
  std::int64_t applied_sequence = 0;
  std::int64_t reported_sequence = 0;
  std::vector<std::string> sources{"rollback"};
  std::unordered_map<std::string, SourceIndex> source_index{{"rollback", rollback_source}};

  [[nodiscard]] Zone& zone(const ZoneFacts& facts) {
    return zones[static_cast<std::size_t>(&facts - all_sets().data())];
  }
  /// Makes the state what it is after `batch`. corrupt if that does not follow: a gap in positions,
  /// a zone or source that is not there.
  [[nodiscard]] Result<void> replay(const Batch& batch);
};

/// Changes on their way into the log, zone by zone.
struct ZoneSet::Draft {
  std::vector<ZoneBatch> zones;
  std::vector<NewSource> fresh_sources;
  std::unordered_map<std::string, SourceIndex> source_index;  // looked up so far
  std::optional<std::int64_t> applied_sequence;

  std::vector<Operation>& operations(const ZoneFacts& facts) {
    for (ZoneBatch& batch : zones) {
      if (batch.zone == facts.id) return batch.operations;
    }
    zones.push_back({.zone = facts.id, .serial = 0, .operations = {}});
    return zones.back().operations;
  }
};

/// Behind the writer lock: who may change anything.
struct ZoneSet::Writer {
  std::optional<codec::FrameFile> log;
  FileDescriptor folder_lock;
};

}  // namespace khien::publish
