// The rules of this process and where they come from: applies what zones and lists change,
// publishes the result for the workers, merges deltas away and keeps the snapshot file and, between
// two of them, the journal. One thread changes it (the secondary's, or the one that starts up);
// workers read what it publishes.
//
// Whatever is large takes effect shard by shard (ADR 0604): build one anew, publish it, wait until
// no worker reads the old one, free it. So a list is swapped in little more memory than it takes.
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
#include "resolver/edit_spool.h"
#include "resolver/journal_sync.h"
#include "resolver/rare_change.h"
#include "resolver/rule_journal.h"
#include "resolver/shard_update.h"
#include "resolver/snapshot_disk.h"

namespace khien::resolver {

class RuleStore {
 public:
  /// `folder` keeps snapshot and journal; empty for none. All else is borrowed; `rng` here only.
  RuleStore(std::filesystem::path folder, const Clock& clock, Rng& rng, Metrics& metrics);

  /// Which zones of third parties there are; before load(). Rules of such zones that an older
  /// snapshot or journal has move to their slots of now, or go.
  void set_third_party(std::shared_ptr<const policy::ThirdParty> zones);

  /// Takes the last good snapshot. not_found if there is none, corrupt if it is damaged: then the
  /// rules stay as they are.
  Result<void> load();
  /// From now on changes are written down before they take effect. After load(), whatever came of
  /// it: first replays what the journal holds beyond the snapshot. What is torn, damaged or does
  /// not fit is left out and counted. Without a snapshot the journal begins with the first save().
  void keep_journal();

  /// Where changes are to be collected before they are given to one of the next three.
  [[nodiscard]] EditSpool spool() const;
  /// Everything that `zone.source` has is now what `edits` add (AXFR). limit_exceeded changes
  /// nothing. unavailable if the spool cannot be read: then the zone is forgotten, because it may
  /// be new in a part of the shards, and has to be transferred whole.
  Result<void> replace_zone(const policy::ZoneState& zone, const EditSpool& edits);
  /// The zone's changes in order (IXFR). conflict if one does not fit what is there: nothing is
  /// changed then, and the zone has to be transferred whole. unavailable as above.
  Result<void> change_zone(const policy::ZoneState& zone, const EditSpool& edits);
  /// All that the sources in `mask` have is now what `edits` add, and `zones` is the list of what
  /// they were read from. On an error each shard is its old or its new self.
  Result<void> replace_sources(policy::SourceMask mask, std::vector<policy::ZoneState> zones,
                               const EditSpool& edits);
  Result<void> replace_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  Result<void> change_zone(const policy::ZoneState& zone, const RuleEdits& edits);
  /// The primary says that the zone is current: its time to expire begins anew.
  void confirm_zone(std::string_view name, InstantMs now_ms);
  /// What must not outlive its primary's silence acts no longer, until it is confirmed: the
  /// emergency zone (ADR 0601) and third parties' (ADR 0603). True if that has changed.
  bool check_expiry(InstantMs now_ms);

  /// True if there is something to write.
  [[nodiscard]] bool dirty() const noexcept { return dirty_; }
  /// True if save() should not wait for quiet: what changed lies on no disk, or the journal has
  /// grown enough.
  [[nodiscard]] bool save_is_due() const noexcept;
  /// True if a save should wait for nothing at all: neither is there a journal that holds what
  /// changed, nor room in it for many changes more.
  [[nodiscard]] bool save_is_pressing() const noexcept;
  /// Merges the deltas and writes the snapshot; without a folder it only merges. On an error the
  /// rules in force are what they were.
  Result<void> save();
  /// The same, as long as `interrupted` says no; asked every few milliseconds. False if it said
  /// yes: what was merged stays merged, and nothing else has happened.
  Result<bool> save_unless(const Interrupted& interrupted);
  /// Frees rules that no worker reads any more; publishing does it as well.
  void free_old() { (void)published_.collect(); }

  /// Records that became no rule, here or before they came here.
  void count_skipped(const SkippedCounts& counts) noexcept;

  [[nodiscard]] const policy::ZoneState* zone(std::string_view name) const noexcept;
  [[nodiscard]] const policy::Rules& rules() const noexcept { return *current_; }
  [[nodiscard]] const policy::HashKey& key() const noexcept { return current_->key(); }
  [[nodiscard]] Snapshot<policy::Rules>& published() noexcept { return published_; }

 private:
  void publish(std::shared_ptr<const policy::Rules> next);
  void publish_shard(std::size_t shard, ShardUpdate::Parts parts);
  void wait_for_workers();
  [[nodiscard]] policy::SourceMap slots_of(const std::vector<policy::ZoneState>& zones) const;
  void publish_rare(const RareChange& rare);
  Result<void> replace_shards(policy::SourceMask mask, const EditSpool& edits,
                              const policy::RareZone* rare = nullptr);
  Result<void> change_shards(const EditSpool& edits, const policy::RareZone* rare);
  Result<void> change_at_once(const policy::ZoneState& zone, const EditSpool& edits);
  Result<bool> merge_deltas(std::size_t names_max, const Interrupted& interrupted);
  void finish_zone(const policy::ZoneState& zone);
  Error forget_zone(std::string_view name, Error why);
  void sync_journal();
  [[nodiscard]] bool is_on_disk() const noexcept;
  [[nodiscard]] bool write_down(const policy::ZoneState& zone,
                                std::optional<std::uint32_t> from_serial, const EditSpool& edits);
  Result<void> replay(const JournalRecord& record);
  void begin_journal();
  void give_up_journal(const Error& error);
  [[nodiscard]] static std::vector<policy::ZoneState> with_zone(
      std::vector<policy::ZoneState> zones, const policy::ZoneState& zone);

  std::filesystem::path folder_;
  std::filesystem::path path_;  // empty: nothing is kept on disk
  std::filesystem::path journal_path_;
  const Clock& clock_;
  Metric& journal_failures_;
  Metric& journal_cuts_;
  Metric& waits_given_up_;
  std::array<Metric*, skipped_kinds> skipped_{};
  bool keeps_journal_ = false;
  std::optional<RuleJournal> journal_;  // none: from a failure, or without a snapshot, to a save
  JournalSync journal_sync_;
  std::shared_ptr<const policy::ThirdParty> third_party_;  // null: none
  std::shared_ptr<const policy::Rules> current_;
  Snapshot<policy::Rules> published_;
  int wait_steps_ = 0;  // that the change in hand has waited for workers
  bool dirty_ = false;
};

}  // namespace khien::resolver
