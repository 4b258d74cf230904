// All zones that this publisher serves, with their state, change log and serials on its own disk:
// it serves, lapses and rolls back with API and database away (docs/formats/zone-log.md).
//
// A change is written to the log and synced before anybody can see it. One name costs a frame and a
// sync, whatever the size of its zone. Thread-safe; writers queue behind one another, readers are
// held up for microseconds. The listener is called after each commit, without a lock held.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "publish/change_guard.h"
#include "publish/gate.h"
#include "publish/zone_history.h"
#include "publish/zone_log.h"
#include "publish/zone_names.h"
#include "publish/zone_table.h"

namespace khien::publish {

constexpr std::size_t log_size_max = std::size_t{1} << 30;          // of one log file
constexpr std::size_t base_size_max = std::size_t{1} << 31;         // of the base file
constexpr std::size_t compaction_log_size = std::size_t{64} << 20;  // a log above it is folded in
constexpr std::size_t chains_kept = 16'384;         // positions at which chain_at() knows the log
constexpr std::size_t followed_frames_max = 1'000;  // written with one sync

/// The source that a lapse, a lift or another order can tell apart: at most 120 octets.
constexpr std::size_t source_size_max = 120;

enum class ChangeKind : std::uint8_t { add, remove };

/// A wish of one source about one name. Borrows its texts.
struct Change {
  ChangeKind kind = ChangeKind::add;
  std::string_view zone = {};    ///< id or name
  std::string_view name = {};    ///< A-labels; at least two labels
  std::string_view source = {};  ///< "order:01J…", "feed:…"
  Scope scope = Scope::host;
  InstantMs until_ms = 0;           ///< of an add: not served from then on; 0 for no end
  Warrant warrant = Warrant::none;  ///< of an add: what the gate may rely on
  std::int64_t sequence = 0;        ///< of its publication, for whom the gate tells; 0 if none
  bool served_before = false;       ///< zones are built anew, of what was served: no burst
};

/// Why a change was left out; the others of its batch were made.
struct RefusedChange {
  std::size_t index = 0;  ///< in the span given
  /// unknown_zone bad_name single_label public_suffix too_long bad_source; trial_zone: additions
  /// come there through the gate alone (settle_trials()); gate_full: it had to
  /// wait for a person and there was no room; no_such_change: a release of what does not wait any
  /// more
  std::string reason;
};

struct ZoneSerial {
  std::string zone;  ///< id
  std::uint32_t serial = 0;
};

struct Applied {
  std::vector<ZoneSerial> serials;  ///< of each zone that was touched, as served now
  std::vector<RefusedChange> refused;
  std::vector<std::size_t> held;  ///< in the span given: they wait at the gate for a person
};

/// What a rollback took out, and where the zone stands.
struct Withdrawal {
  std::uint32_t serial = 0;  ///< as served now
  std::vector<WithdrawnRule> rules;
};

/// Who makes a zone show a name: an entry for the name itself, or for one above it with all below.
struct Holding {
  std::string zone;    ///< id
  std::string name;    ///< of the entry, as text without the last dot
  std::string source;  ///< "order:01J…", "feed:…"
  Scope scope = Scope::host;
};
constexpr std::size_t holdings_max = 128;  // told of one name; the rest is left out

struct ZoneSetOptions {
  std::filesystem::path folder;
  /// True for names that must never be blocked whole, such as com.vn. Besides, every name with
  /// fewer than two labels is refused.
  std::function<bool(std::string_view name)> is_public_suffix = {};
  Metrics* metrics = nullptr;
  /// Each new serial is at least this: for a folder that is begun anew (after a restore), above all
  /// that followers may have. They would not follow a lower one, nor notice an equal one.
  std::uint32_t serial_floor = 0;
  /// Every addition passes it. Of the same folder; must outlive the ZoneSet. nullptr for tools that
  /// only read or take out.
  Gate* gate = nullptr;
};

/// Everything that is held, with its place in the log: a base file (docs/formats/zone-log.md).
struct ZoneCopy {
  std::uint64_t position = 0;
  crypto::Sha256Digest chain{};
  Octets file = {};
};

struct ZoneStatus {
  std::string zone;
  std::uint32_t serial = 0;
  std::size_t name_count = 0;
  std::size_t record_count = 0;  ///< with SOA and NS
};

class ZoneSet {
 public:
  /// Reads base and log of `options.folder` (made if absent). A torn tail is cut. corrupt if
  /// anything else is damaged; conflict if another process has it open. `rng` is used here only.
  [[nodiscard]] static Result<std::unique_ptr<ZoneSet>> open(ZoneSetOptions options,
                                                             const Clock& clock, Rng& rng);
  ~ZoneSet();
  ZoneSet(const ZoneSet&) = delete;
  ZoneSet& operator=(const ZoneSet&) = delete;

  /// Makes the changes durable and then visible, in order. With `applied_sequence` the database's
  /// publications up to it are noted as done in the same write. Doing a change twice is harmless.
  /// unavailable (disk full) or limit_exceeded: then nothing of it is visible.
  [[nodiscard]] Result<Applied> apply(std::span<const Change> changes,
                                      std::optional<std::int64_t> applied_sequence = {});

  /// Makes `names` all that `source` holds in `zone`, changing only the difference. For feeds. The
  /// cost is proportional to `names` and to what the zone holds. More than `change_max` changes are
  /// refused with limit_exceeded, reason "breaker", before anything is done.
  ///
  /// A large difference is made visible frame by frame, with other writers in between; after an
  /// error what is done stays, and doing it again completes it.
  struct Replacement {
    std::string_view zone;
    std::string_view source;
    std::span<const std::string> names;
    Scope scope = Scope::domain;
    std::size_t change_max = SIZE_MAX;
    Warrant warrant = Warrant::judged_set;
  };
  struct Replaced {
    std::size_t added = 0;
    std::size_t removed = 0;
    std::size_t refused = 0;  ///< names that no zone takes; see RefusedChange
    /// Additions that wait at the gate, all or none of them, on trial or not.
    std::size_t held = 0;
    std::uint32_t serial = 0;
  };
  [[nodiscard]] Result<Replaced> replace(const Replacement& replacement);

  /// Takes out what is over. Returns what was touched.
  [[nodiscard]] Result<Applied> lapse();
  /// When lapse() will next have something to do.
  [[nodiscard]] std::optional<InstantMs> next_lapse_ms();

  /// Takes every rule (a source holding a name) out of the zone that came after `serial` and still
  /// stands, under a new serial. Brings nothing back that was lifted or lapsed since. The gate is
  /// told first: what was taken out waits there for a person, and the zone is stopped; `reason` is
  /// the operator's. What of the zone is on trial leaves its trial in the same change, and waits
  /// again. invalid_argument "trial_zone" for a trial zone itself. Doing it twice is harmless.
  /// not_found if the log does not reach back to `serial`; the message says how far it does.
  [[nodiscard]] Result<Withdrawal> rollback(std::string_view zone, std::uint32_t serial,
                                            const std::string& reason = {});

  // ---- trials (ADR 0307): zone_set_trial.cpp ---------------------------------------------------

  /// Makes the trial zones show what the gate says is on trial, and nothing else. Doing it again is
  /// harmless. The cost is proportional to what is on trial: about a microsecond a name.
  [[nodiscard]] Result<void> settle_trials();
  /// Takes over into `zone` what `source`, a list, has on trial, and out of the trial zones in the
  /// same frames. How many names. conflict "zone_stopped", and "not_on_trial" once it was ended.
  [[nodiscard]] Result<std::size_t> finish_trial(std::string_view zone, std::string_view source);

  /// Folds the log into a new base file. Changes go on meanwhile.
  [[nodiscard]] Result<void> compact();
  [[nodiscard]] bool wants_compaction();

  // ---- two publishers with the same zones (pair.h): zone_set_pair.cpp -------------------------

  /// Who is asked before each change; nullptr: nobody. Before other threads use the zones, or once
  /// they do no more.
  void set_guard(ChangeGuard* guard) noexcept { guard_ = guard; }
  /// A person is about to change something. conflict "other_leads" if it is to be done elsewhere.
  [[nodiscard]] Result<void> begin_act() {
    return guard_ == nullptr ? Result<void>{} : guard_->begin_act();
  }

  struct LogPlace {
    std::uint64_t position = 0;
    crypto::Sha256Digest chain{};
    friend bool operator==(const LogPlace&, const LogPlace&) = default;
  };
  /// Where the log ends.
  [[nodiscard]] LogPlace place();
  /// The chain after `position`; nullopt for one that is not reached yet or longer ago than
  /// chains_kept.
  [[nodiscard]] std::optional<crypto::Sha256Digest> chain_at(std::uint64_t position);
  /// The frames after `position` from the log's files, oldest first. not_found if they are folded
  /// in. Reads the log: other writers wait up to some tenths of a second.
  [[nodiscard]] Result<std::vector<Octets>> frames_after(std::uint64_t position);
  /// Takes the next frames of the other's log into this one, durable with one sync and then
  /// visible. corrupt: they do not follow, and nothing of them is done. At most
  /// followed_frames_max.
  [[nodiscard]] Result<void> follow(std::span<const Octets> frames);
  /// Everything that is held, while changes go on.
  [[nodiscard]] Result<ZoneCopy> copy();
  /// Becomes what `file` (ZoneCopy) says, whatever was held and logged before; steps for IXFR and
  /// rollbacks begin anew. corrupt: then nothing is done. unavailable (disk full): the zones stay
  /// as they are and take no change until this is done again.
  [[nodiscard]] Result<void> adopt(Bytes file);
  /// Gives each zone of `serials` that serial, without a change of what is held, unless it has come
  /// as far already. Errors of apply().
  [[nodiscard]] Result<void> jump(std::span<const ZoneSerial> serials);

  [[nodiscard]] std::int64_t applied_sequence();
  /// Up to where the database has been told, for a publisher that restarts.
  [[nodiscard]] std::int64_t reported_sequence();
  [[nodiscard]] Result<void> note_reported(std::int64_t sequence);

  [[nodiscard]] std::optional<std::uint32_t> serial(const ZoneFacts& zone);
  /// Of every zone.
  [[nodiscard]] std::vector<ZoneSerial> serials();
  [[nodiscard]] std::vector<ZoneStatus> status();
  /// What `name` shows in the zone, as a filler, too (zone_table.h); for monitors and tests.
  [[nodiscard]] Shown shown(const ZoneFacts& zone, dns::NameView name);
  /// What those who hold `name` itself ask for.
  [[nodiscard]] Shown held(const ZoneFacts& zone, dns::NameView name);
  /// Whose entries cover `name` (any case, with or without the last dot), the longest first; empty
  /// for what is no name. Looks once into each zone for each label: some thousand look-ups in
  /// memory for the longest name.
  [[nodiscard]] std::vector<Holding> holdings(std::string_view name);
  /// Everything that is held in the zone, with what a rollback holds under the source "rollback".
  /// A copy of about 100 octets a name; other users of the zones wait 1 ms at most.
  [[nodiscard]] std::vector<Holding> holdings_in(const ZoneFacts& zone);
  /// The same without the copy: each name and holder to `take`, about a thousand names at a time
  /// under the zones' lock, so it must be quick and ask the zones nothing.
  using VisitHeld = std::function<void(dns::NameView name, SourceIndex holder, Scope scope)>;
  void visit_held(const ZoneFacts& zone, const VisitHeld& take);
  /// Who a holder that was visited is.
  [[nodiscard]] std::string source_name(SourceIndex holder);
  /// Why no zone may take the change (RefusedChange::reason); empty if one may.
  [[nodiscard]] std::string refusal_of(const Change& change) const;
  [[nodiscard]] std::size_t memory_size();

  /// Called with the zones that have a new serial, on the thread that made the change.
  void set_listener(std::function<void(std::span<const ZoneSerial>)> listener);

  /// What guards the additions; nullptr if nothing does.
  [[nodiscard]] Gate* gate() const noexcept { return options_.gate; }

  /// Makes at most `count` pages (zone_pages.h) that nobody has asked for yet, so that the next
  /// whole transfer costs little. How many it made: fewer once there is nothing to do.
  std::size_t make_pages(std::size_t count);

  class ZoneReader;
  class StepReader;
  /// The zone as it is now, to be read piece by piece.
  [[nodiscard]] std::unique_ptr<ZoneReader> read_zone(const ZoneFacts& zone);
  /// The steps from `serial` to now; nullptr if the log does not reach back so far.
  [[nodiscard]] std::unique_ptr<StepReader> read_steps(const ZoneFacts& zone, std::uint32_t serial);

 private:
  struct State;
  struct Writer;
  struct Draft;  // what one commit is going to write
  ZoneSet(ZoneSetOptions options, const Clock& clock);
  Result<void> load(Rng& rng);
  Result<void> load_base(State& state);
  static Result<void> fill(State& state, Bytes file);
  /// Tables without a name, for what a base has.
  void make_zones(State& state) const;
  Result<void> load_logs(State& state, Writer& writer);
  /// What a replacement still has to add, and what it takes away.
  struct Difference {
    std::unordered_set<std::string_view> wanted;  // borrows Replacement::names
    std::vector<std::string> gone;
  };
  [[nodiscard]] Difference compare(const ZoneFacts& zone, const Replacement& replacement);
  Result<Applied> apply_untold(std::span<const Change> changes,
                               std::optional<std::int64_t> applied_sequence);
  void draft_change(Draft& draft, const Change& change);
  class View;  // the zones as the gate sees them
  /// Whoever holds a name in its zone, or not at all any more, has no trial of it.
  void draft_end_of_trial(Draft& draft, const Change& change);
  void draft_removal(Draft& draft, const ZoneFacts& zone, const Holding& held);
  void draft_addition(Draft& draft, const ZoneFacts& zone, const HeldName& name);
  [[nodiscard]] bool holds(const ZoneFacts& zone, std::string_view source, std::string_view name,
                           Scope scope);
  /// What a list holds in one of its trial zones.
  [[nodiscard]] std::vector<Holding> holdings_of(const ZoneFacts& zone, std::string_view source);
  /// Removals of what a list has on trial and does not bring any more.
  [[nodiscard]] std::vector<Holding> no_more_on_trial(const Replacement& replacement);
  Result<void> bring_on_trial(const Replacement& replacement,
                              const std::unordered_set<std::string_view>& wanted,
                              Admission admission);
  Result<void> add_to_trial(const Replacement& replacement,
                            std::span<const std::string_view> names);
  /// What is left of `changes` after the gate, noting in `applied` what is held or left out.
  Result<std::vector<Change>> pass_gate(std::span<const Change> changes, Applied& applied);
  Result<Admission> admit(const Replacement& replacement, const Difference& difference);
  [[nodiscard]] SourceIndex draft_source(Draft& draft, std::string_view source);
  /// With a floor and a folder that is begun: every zone is served at the floor, on disk too.
  Result<void> begin_at_floor();
  static Octets make_base(const BaseHead& head, std::vector<std::unique_ptr<ZoneReader>> readers);
  Result<void> write_base(Bytes file);
  Result<void> begin_log_anew(Writer& writer, Bytes file, std::uint64_t position);
  Result<void> take_frames(std::span<const Octets> frames, std::span<const Batch> batches);
  Result<std::vector<ZoneSerial>> commit(Writer& writer, Draft draft);
  Result<void> commit_batch(Writer& writer, Batch& batch);
  void tell(std::span<const ZoneSerial> serials);

  ZoneSetOptions options_;
  const Clock& clock_;
  ChangeGuard* guard_ = nullptr;
  std::uint64_t hash_seed_ = 0;              // of tables
  std::unique_ptr<Guarded<Writer>> writer_;  // taken before state_
  std::unique_ptr<Guarded<State>> state_;
  Guarded<std::function<void(std::span<const ZoneSerial>)>> listener_;
  Metric* changes_made_ = nullptr;
  Metric* changes_refused_ = nullptr;
};

/// One zone at one serial. One thread; the ZoneSet must outlive it.
class ZoneSet::ZoneReader {
 public:
  ZoneReader(ZoneSet& set, const ZoneFacts& zone);
  ZoneReader(const ZoneReader&) = delete;
  ZoneReader& operator=(const ZoneReader&) = delete;
  ~ZoneReader();
  [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
  /// Gives names to `take` until it returns false (that name comes again) or about a thousand were
  /// given. False once all are given. `take` runs under the zones' lock: it must be quick.
  bool next(const std::function<bool(const ZoneTable::Item&)>& take);
  /// As many names as it gives, or more.
  [[nodiscard]] std::size_t entry_count() const noexcept { return snapshot_->entry_count(); }
  /// All records but SOA and NS, page by page; nullptr once all are given. Not with next().
  [[nodiscard]] std::shared_ptr<const ZonePage> next_page();

 private:
  ZoneSet& set_;
  const ZoneFacts& zone_;
  std::uint32_t serial_ = 0;
  std::shared_ptr<ZoneTable> table_;  // that of the zones may be another one by then (adopt())
  std::unique_ptr<ZoneTable::Snapshot> snapshot_;
};

/// The changes of records from one serial to another. One thread; the ZoneSet must outlive it.
class ZoneSet::StepReader {
 public:
  StepReader(ZoneSet& set, std::shared_ptr<const ZoneTable> table, std::vector<SerialStep> steps);
  [[nodiscard]] const std::vector<SerialStep>& steps() const noexcept { return steps_; }
  [[nodiscard]] std::size_t change_count() const noexcept { return change_count_; }
  /// A name of the steps, copied.
  [[nodiscard]] dns::Name name(const RecordChange& change);

 private:
  ZoneSet& set_;
  std::shared_ptr<const ZoneTable> table_;
  std::vector<SerialStep> steps_;
  std::size_t change_count_ = 0;
};

}  // namespace khien::publish
