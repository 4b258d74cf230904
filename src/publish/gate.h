// The gate of the zones: every addition passes it before it is written, shown or told to anybody,
// whoever brings it. What looks like an accident (change_gate.h, canaries.h) waits here, durably,
// until a person has looked; the zone goes on with its last good serial. Removals are never held
// up: they also take what waits away.
//
// Thread-safe. ZoneSet calls it under its writer lock, so that a lift and a release of the same
// name cannot pass each other; the lock order is writer, gate, state.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/guarded.h"
#include "base/metrics.h"
#include "net/address.h"
#include "publish/canaries.h"
#include "publish/held_changes.h"
#include "publish/public_act.h"
#include "publish/zone_names.h"

namespace khien::publish {

struct Change;

struct GateOptions {
  std::filesystem::path folder;  ///< that of the ZoneSet
  GateLimits limits = {};
  std::vector<std::string> canaries = {};
  /// Addresses that must stay reachable: ours, and those of who enforces.
  std::vector<net::Prefix> canary_addresses = {};
  /// Hosts none of whose pages may be blocked: where people read why, and object.
  std::vector<std::string> canary_hosts = {};
  FindGoodName good_name = {};  ///< empty: no name is known to be good
  Metrics* metrics = nullptr;
};

/// What the gate has to know of the zones as they are. Called under the gate's lock.
class ZonesView {
 public:
  virtual ~ZonesView() = default;
  [[nodiscard]] virtual std::size_t name_count(const ZoneFacts& zone) = 0;
  [[nodiscard]] virtual std::size_t added_after(const ZoneFacts& zone, InstantMs at_ms) = 0;
  [[nodiscard]] virtual Shown shown(const ZoneFacts& zone, const dns::Name& name) = 0;
  [[nodiscard]] virtual std::uint32_t serial(const ZoneFacts& zone) = 0;
};

enum class Admission : std::uint8_t {
  pass,
  held,         ///< it waits for a person
  on_trial,     ///< a list's: all that it adds goes where its trial stands
  trial_stays,  ///< a list's: what is on trial stays there, what it adds beyond that waits
  gate_full,    ///< it would have to wait and there is no room: left out
  over,         ///< a release of what does not wait any more: left out
};

/// A name that a rollback takes from its holder.
struct WithdrawnRule {
  std::string name = {};
  std::string source = {};
  Scope scope = Scope::host;
  InstantMs until_ms = 0;
};

class Gate {
 public:
  /// Reads what waits in `options.folder`. A damaged file is moved aside to gate.damaged, and every
  /// zone is stopped for a person: nobody can say any more what was waiting.
  [[nodiscard]] static Result<std::unique_ptr<Gate>> open(GateOptions options, const Clock& clock);

  // ---- for ZoneSet, under its writer lock --------------------------------------------------

  /// One answer for each change, in order. What is held is durable when this returns.
  /// `changes` are such as a zone takes. unavailable (disk full): then nothing is held or admitted.
  [[nodiscard]] Result<std::vector<Admission>> admit(std::span<const Change> changes,
                                                     ZonesView& zones);
  /// All that a list wants to hold (`names`), of which `adds` are new.
  struct SetQuestion {
    const ZoneFacts& zone;
    std::string_view source;
    std::span<const std::string> names;
    const std::unordered_set<std::string_view>& adds;
    Scope scope = Scope::host;
    Warrant warrant = Warrant::judged_set;
  };
  [[nodiscard]] Result<Admission> admit_set(const SetQuestion& question, ZonesView& zones);
  /// A rollback to `serial` is about to take these out: they wait for a person, their zone stops.
  [[nodiscard]] Result<void> note_withdrawn(const ZoneFacts& zone, std::uint32_t serial,
                                            std::span<const WithdrawnRule> rules,
                                            const std::string& reason);

  // ---- for people (publication_control.h) ----------------------------------------------------

  [[nodiscard]] std::vector<HeldChange> held();
  [[nodiscard]] Result<HeldChange> find(std::int64_t id);
  [[nodiscard]] std::set<std::string> stopped();
  [[nodiscard]] bool is_stopped(const ZoneFacts& zone);
  [[nodiscard]] Result<void> stop(const std::string& zone);  ///< id, or "*"
  /// conflict: it is not stopped, or every zone is. Lists that waited for this come again by
  /// themselves, names of orders when resumable() is applied.
  [[nodiscard]] Result<void> resume(const std::string& zone);
  /// Names that wait for a stop that has ended: apply them, then forget_names() what is served.
  [[nodiscard]] std::vector<HeldChange> resumable();
  /// A first person agrees; see needs_two().
  /// `name`: to this name of it alone, as the zone has it; empty: to all of it.
  [[nodiscard]] Result<void> note_first(std::int64_t id, const std::string& by,
                                        Course course = Course::at_once,
                                        const std::string& name = {});
  /// These names are served now, or none of them is wanted any more: they wait no longer.
  [[nodiscard]] Result<void> forget_names(std::int64_t id, std::span<const HeldName> names,
                                          NoticeKind kind, std::uint32_t serial,
                                          const std::string& reason);
  /// A list may bring exactly what it was held with.
  [[nodiscard]] Result<void> permit_set(std::int64_t id);
  [[nodiscard]] Result<void> refuse_set(std::int64_t id);
  /// An operator of the machine did `act`; the log is told once the database is there.
  [[nodiscard]] Result<void> note_act(const PublicAct& act);

  // ---- trials (ADR 0307): gate_trials.cpp ------------------------------------------------------

  /// The change, or these names of it, is served to our own resolvers from now on. Its number from
  /// now on: names that are not the whole change get one of their own. conflict "on_trial" if it is
  /// already, "not_stageable" where nothing can be tried.
  [[nodiscard]] Result<std::int64_t> begin_trial(std::int64_t id, std::span<const HeldName> names);
  /// What begin_trial() would say.
  [[nodiscard]] Result<void> may_begin_trial(std::int64_t id);
  /// From own to partner. conflict "not_on_trial".
  [[nodiscard]] Result<void> widen_trial(std::int64_t id);
  /// A list's trial is over: what it brought is in its zone. Twice does no harm.
  [[nodiscard]] Result<void> finish_set_trial(std::int64_t id);
  [[nodiscard]] std::vector<HeldChange> trials();
  /// Whether this list is on trial there.
  [[nodiscard]] bool is_on_trial(std::string_view zone, std::string_view source);
  /// So many names of a list are on trial.
  [[nodiscard]] Result<void> note_trial_count(std::string_view zone, std::string_view source,
                                              std::size_t count);

  // ---- two publishers with the same zones (pair.h) ---------------------------------------------

  /// All that waits, as its file has it (docs/formats/gate.md), and its version.
  struct Content {
    std::int64_t version = 0;
    Octets file = {};
  };
  [[nodiscard]] Content content();
  [[nodiscard]] std::int64_t version();
  /// Becomes what the other's gate is. corrupt, unavailable: then nothing is changed.
  [[nodiscard]] Result<void> adopt(Bytes file);
  /// Who gets everything that is kept before it is kept here; its error is the change's. Called
  /// under the gate's lock. Before other threads use the gate, or once they do no more.
  using Share = std::function<Result<void>(const Content& content)>;
  void set_share(Share share) { share_ = std::move(share); }

  // ---- for the publisher -----------------------------------------------------------------------

  /// Drops names whose time is over. True if there were any.
  Result<bool> lapse();
  [[nodiscard]] bool holds(std::string_view zone, std::string_view source, std::string_view name);
  /// What the database should know, oldest first.
  [[nodiscard]] std::vector<GateNotice> notices(std::size_t count_max);
  [[nodiscard]] Result<void> forget_notices(std::int64_t up_to_id);
  /// Moves when a list that was held may try again.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_seq_cst);  // read by SetPublisher's thread
  }

  [[nodiscard]] const GateLimits& limits() const noexcept { return options_.limits; }
  [[nodiscard]] std::size_t canary_count() const noexcept { return canaries_.size() / 2; }

 private:
  struct State {
    HeldChanges kept;
    std::unordered_set<std::string> keys;  // of all held names: zone, source, name
    std::unordered_map<std::string, std::deque<InstantMs>> good_signed;  // by zone
    std::unordered_map<std::string, InstantMs> window_from_ms;           // after a release
  };
  class Batch;
  Gate(GateOptions options, const Clock& clock);
  /// Writes `next` and only then makes it what is kept.
  Result<void> keep(State& state, HeldChanges next);
  void become(State& state, HeldChanges next);
  [[nodiscard]] std::vector<std::string> good_examples(const SetQuestion& question) const;

  GateOptions options_;
  const Clock& clock_;
  Canaries canaries_;
  Share share_;
  Guarded<State> state_;
  std::atomic<std::uint64_t> generation_{0};
  Metric* waiting_ = nullptr;
  Metric* trials_ = nullptr;
  Metric* stopped_ = nullptr;
};

[[nodiscard]] constexpr std::string_view every_zone() noexcept { return "*"; }

}  // namespace khien::publish
