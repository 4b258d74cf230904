// The rules of this process and where they come from: applies what zones change, publishes the
// result for the workers, merges the delta away and keeps the snapshot file and, between two of
// them, the journal. One thread changes it (the secondary's, or the one that starts up); workers
// read what it publishes.
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
#include "resolver/rule_journal.h"

namespace khien::resolver {

class RuleStore {
 public:
  /// `folder` keeps snapshot and journal; empty for none. All else is borrowed; `rng` here only.
  RuleStore(std::filesystem::path folder, const Clock& clock, Rng& rng, Metrics& metrics);

  /// Takes the last good snapshot. not_found if there is none, corrupt if it is damaged: then the
  /// rules stay as they are.
  Result<void> load();
  /// From now on changes are written down before they take effect. After load(), whatever came of
  /// it: first replays what the journal holds beyond the snapshot. What is torn, damaged or does
  /// not fit is left out and counted. Without a snapshot the journal begins with the first save().
  void keep_journal();

  /// Replaces everything by one list of names per source, in memory.
  Result<void> replace(policy::NameTable table, std::vector<policy::ZoneState> zones);

  /// Everything that `zone.source` has is now what `edits` add (AXFR).
  Result<void> replace_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  /// The zone's changes in order (IXFR). conflict if one does not fit what is there: nothing is
  /// changed then, and the zone has to be transferred whole.
  Result<void> change_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  /// The primary says that the zone is current: its time to expire begins anew.
  void confirm_zone(std::string_view name, InstantMs now_ms);
  /// What must not outlive its primary's silence acts no longer, until it is confirmed: only the
  /// emergency zone (ADR 0601). True if that has changed.
  bool check_expiry(InstantMs now_ms);

  /// True if there is something to write.
  [[nodiscard]] bool dirty() const noexcept { return dirty_; }
  [[nodiscard]] bool delta_full() const noexcept;
  /// True if save() should not wait for quiet: what changed lies on no disk, or the journal has
  /// grown enough.
  [[nodiscard]] bool save_is_due() const noexcept;
  /// Merges the delta, writes the snapshot and goes on from the mapped file. Without a folder it
  /// only merges. On an error the rules stay in memory as they were.
  Result<void> save();

  [[nodiscard]] const policy::ZoneState* zone(std::string_view name) const noexcept;
  [[nodiscard]] const policy::Rules& rules() const noexcept { return *current_; }
  [[nodiscard]] const policy::HashKey& key() const noexcept { return current_->key(); }
  [[nodiscard]] Snapshot<policy::Rules>& published() noexcept { return published_; }

 private:
  void publish(std::shared_ptr<const policy::Rules> next);
  void commit(std::shared_ptr<const policy::Rules> next, const policy::ZoneState& zone,
              std::optional<std::uint32_t> from_serial, const RuleEdits& edits);
  [[nodiscard]] bool write_down(const policy::ZoneState& zone,
                                std::optional<std::uint32_t> from_serial, const RuleEdits& edits);
  Result<void> replay(const JournalRecord& record);
  void begin_journal();
  void give_up_journal(const Error& error);
  [[nodiscard]] static std::vector<policy::ZoneState> with_zone(
      std::vector<policy::ZoneState> zones, const policy::ZoneState& zone);

  std::filesystem::path path_;  // empty: nothing is kept on disk
  std::filesystem::path journal_path_;
  const Clock& clock_;
  Metric& journal_failures_;
  Metric& journal_cuts_;
  bool keeps_journal_ = false;
  std::optional<RuleJournal> journal_;  // none: from a failure, or without a snapshot, to a save
  std::shared_ptr<const policy::Rules> current_;
  Snapshot<policy::Rules> published_;
  bool dirty_ = false;
};

}  // namespace khien::resolver
