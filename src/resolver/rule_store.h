// The rules of this process and where they come from: applies what zones change, publishes the
// result for the workers, merges the delta away and keeps the snapshot file. One thread changes it
// (the secondary's, or the one that starts up); workers read what it publishes.
//
// The hash key stays the same as long as the process lives, because the workers' caches hang on it.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "policy/list_text.h"
#include "policy/rules.h"

namespace khien::resolver {

/// One record of a zone as a change: `name` (folded or not, wire form) gets or loses a trigger.
struct RuleEdit {
  bool add = true;
  bool below = false;  ///< `*.name`; otherwise the name itself
  bool nodata = false;
  Bytes name = {};  // borrowed
};

/// Edits in one buffer, in order: a transfer may have millions.
class RuleEdits {
 public:
  void push(const RuleEdit& edit);
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t at = 0; at < octets_.size();) {
      const std::uint8_t flags = octets_[at];
      const std::size_t size = octets_[at + 1];
      visit(RuleEdit{.add = (flags & 1) != 0,
                     .below = (flags & 2) != 0,
                     .nodata = (flags & 4) != 0,
                     .name = Bytes{octets_}.subspan(at + 2, size)});
      at += 2 + size;
    }
  }

 private:
  Octets octets_;
  std::size_t count_ = 0;
};

class RuleStore {
 public:
  /// `folder` keeps the snapshot; empty for none. Clock and rng are borrowed.
  RuleStore(std::filesystem::path folder, const Clock& clock, Rng& rng);

  /// Takes the last good snapshot. not_found if there is none, corrupt if it is damaged: then the
  /// rules stay as they are.
  Result<void> load();

  /// Replaces everything by one list of names per source, in memory.
  Result<void> replace(policy::NameTable table, std::vector<policy::ZoneState> zones);

  /// Everything that `zone.source` has is now what `edits` add (AXFR).
  Result<void> replace_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  /// The zone's changes in order (IXFR). conflict if one does not fit what is there: nothing is
  /// changed then, and the zone has to be transferred whole.
  Result<void> change_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  /// The primary says that the zone is current: its time to expire begins anew.
  void confirm_zone(std::string_view name, InstantMs now_ms);
  /// Sources in `expired` act no longer until they are confirmed.
  void set_expired(policy::SourceMask expired);

  /// True if there is something to write.
  [[nodiscard]] bool dirty() const noexcept { return dirty_; }
  [[nodiscard]] bool delta_full() const noexcept;
  /// Merges the delta, writes the snapshot and goes on from the mapped file. Without a folder it
  /// only merges. On an error the rules stay in memory as they were.
  Result<void> save();

  [[nodiscard]] const policy::ZoneState* zone(std::string_view name) const noexcept;
  [[nodiscard]] const policy::Rules& rules() const noexcept { return *current_; }
  [[nodiscard]] const policy::HashKey& key() const noexcept { return current_->key(); }
  [[nodiscard]] Snapshot<policy::Rules>& published() noexcept { return published_; }

 private:
  void publish(std::shared_ptr<const policy::Rules> next);
  [[nodiscard]] static std::vector<policy::ZoneState> with_zone(
      std::vector<policy::ZoneState> zones, const policy::ZoneState& zone);

  std::filesystem::path path_;  // empty: nothing is kept on disk
  const Clock& clock_;
  std::shared_ptr<const policy::Rules> current_;
  Snapshot<policy::Rules> published_;
  bool dirty_ = false;
};

}  // namespace khien::resolver
