// What ZoneSet holds behind its two locks. Internal to zone_set*.cpp.
#pragma once

#include <deque>
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
    std::shared_ptr<ZoneTable> table;  // shared with readers that outlive an adopted copy
    ZoneHistory history;
    RuleHistory rules;
  };
  std::vector<Zone> zones;  // in the order of all_sets()
  std::uint64_t position = 0;
  std::int64_t applied_sequence = 0;
  std::int64_t reported_sequence = 0;
  crypto::Sha256Digest chain{};
  /// The chain after each of the last positions, the newest last.
  std::deque<crypto::Sha256Digest> chains;
  std::vector<std::string> sources{"rollback"};
  std::unordered_map<std::string, SourceIndex> source_index{{"rollback", rollback_source}};

  [[nodiscard]] Zone& zone(const ZoneFacts& facts) {
    return zones[static_cast<std::size_t>(&facts - all_sets().data())];
  }
  /// What decides whether a batch follows.
  struct Cursor {
    std::uint64_t position = 0;
    std::size_t source_count = 0;
    std::vector<std::uint32_t> serials;  // in the order of all_sets()
    /// Goes on to after `batch`. corrupt if that does not follow: a gap in positions, a zone or
    /// source that is not there, a serial that is not later.
    [[nodiscard]] Result<void> take(const Batch& batch);
  };
  [[nodiscard]] Cursor cursor() const;
  /// Makes the state what it is after `batch`, which must have passed the cursor; `after` is the
  /// chain then.
  void replay(const Batch& batch, const crypto::Sha256Digest& after);
  [[nodiscard]] BaseHead head() const {
    return {.position = position,
            .applied_sequence = applied_sequence,
            .reported_sequence = reported_sequence,
            .sources = sources,
            .chain = chain};
  }
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
