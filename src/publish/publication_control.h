// What a person may do to publication while it runs, whoever asks: the API, khienctl through the
// local socket, or khienctl itself where no publisher runs. Works with API and database away; the
// database is told later (gate.h, notices). Thread-safe. Each act is logged with who did it, and is
// a leaf of the public log: an account's by the API in one transaction with the act, the machine
// operator's by the publisher once the database is there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "publish/follower_record.h"
#include "publish/pair_status.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr std::size_t control_reason_size_max = 500;  // octets

/// Whose hand it is.
struct Hand {
  enum class Place : std::uint8_t {
    machine,  ///< an operator on this machine, of whom nothing more is known
    account,  ///< a person who has signed in
  };
  Place place = Place::machine;
  std::string who = {};  ///< an account's id, or "uid 0"
};

/// How far a change is that was released in stages, and who has it already (ADR 0307).
struct TrialView {
  std::int64_t change = 0;  ///< its number
  Ring stage = Ring::own;
  InstantMs since_ms = 0;
  std::string zone = {};     ///< id of the trial zone of this stage
  std::uint32_t serial = 0;  ///< of that zone
  std::int64_t names = 0;    ///< of the change, on trial; 0 until a list has brought them
  struct Follower {
    std::string name = {};
    bool has_it = false;  ///< each of its servers has the zone's serial
  };
  /// Of the stage's ring, that may take the zone. nullopt where nobody knows: no publisher runs.
  std::optional<std::vector<Follower>> followers = {};
};

/// Whether a first person has agreed to all that a decision on `name` (as people write it; empty:
/// on all of the change) would release.
[[nodiscard]] bool has_first(const HeldChange& change, const std::string& name);
/// Whether a release goes in stages: one of the two who release it wants it so.
[[nodiscard]] bool goes_in_stages(const HeldChange& change, const std::string& name, Course course);

class PublicationControl {
 public:
  /// All must outlive it; the gate is the ZoneSet's.
  PublicationControl(ZoneSet& zones, Gate& gate, const Clock& clock)
      : zones_(zones), gate_(gate), clock_(clock) {}

  /// Where two publishers have the same zones. All acts but status() are then for the one that
  /// leads: conflict "other_leads" at the other one. Before other threads use this object.
  void set_pair(std::function<PairStatus()> pair) { pair_ = std::move(pair); }
  /// Who follows, and what they have. Before other threads use this object.
  void set_followers(std::function<FollowersRecord()> followers) {
    followers_ = std::move(followers);
  }

  struct Status {
    std::vector<ZoneStatus> zones = {};
    std::set<std::string> stopped = {};  ///< zone ids; "*" for every zone
    std::vector<HeldChange> held = {};   ///< oldest first, with those on trial
    std::vector<TrialView> trials = {};
    std::size_t untold_count = 0;         ///< what the database does not know yet, at most 1,000
    std::optional<PairStatus> pair = {};  ///< of two publishers with the same zones
  };
  [[nodiscard]] Status status() const;

  /// Additions wait from now on; removals, lifts and lapses go on. `zone`: an id or name, empty for
  /// every zone. not_found "unknown_zone".
  [[nodiscard]] Result<void> stop(const std::string& zone, const Hand& hand);
  /// What waited only for this is judged and comes. conflict "not_stopped", "all_stopped".
  [[nodiscard]] Result<void> resume(const std::string& zone, const Hand& hand);

  /// ZoneSet::rollback(); the zone is stopped afterwards.
  struct Rollback {
    std::string zone = {};
    std::uint32_t serial = 0;
    std::string reason = {};
  };
  [[nodiscard]] Result<Withdrawal> roll_back(const Rollback& rollback, const Hand& hand);

  /// A decision on a held change.
  struct Decision {
    std::int64_t id = 0;
    std::string name = {};            ///< of a change of orders: this name alone; empty: all of it
    std::string reason = {};          ///< of a rejection
    Course course = Course::at_once;  ///< of a release
  };
  enum class Released : std::uint8_t {
    served,           ///< the names of orders are in the zone
    permitted,        ///< the list brings them at its next turn, within a minute
    waits_for_other,  ///< a second person must agree
    on_trial          ///< its names go to the followers of its stage
  };
  /// Lets it through. Where it touches good names or a canary, two different accounts must agree to
  /// the same: who agreed to one name of a change has not agreed to the others. The machine's
  /// operator cannot: denied "two_persons_needed", "own_release". conflict
  /// "zone_stopped" while it is. not_found "no_such_change".
  /// In stages (advance() goes on) if either of the two wants it so: conflict "not_stageable" where
  /// nothing can be tried. conflict "on_trial" for a change that is.
  [[nodiscard]] Result<Released> release(const Decision& decision, const Hand& hand);
  /// The next stage of a change that is on trial, all of it, with the same right as its release;
  /// after the partner's, everybody has it. conflict "not_on_trial", and "trial_not_begun" for a
  /// list that has brought nothing yet.
  [[nodiscard]] Result<Released> advance(std::int64_t id, const Hand& hand);
  /// The stages at which nobody would have this zone's names, as no follower is in that ring.
  [[nodiscard]] std::vector<Ring> empty_stages(const ZoneFacts& zone) const;
  /// Never lets it through: its orders are suspended, its list waits for a person next time.
  [[nodiscard]] Result<void> reject(const Decision& decision, const Hand& hand);

  /// Brings what waited for a stop that has ended; the publisher calls it each turn. How many
  /// names.
  Result<std::size_t> bring_resumed();

 private:
  /// The part of a change that `hand` may release.
  [[nodiscard]] Result<HeldChange> releasable(const Decision& decision, const Hand& hand) const;
  [[nodiscard]] Result<std::size_t> serve(const HeldChange& change, Warrant warrant);
  /// For everybody.
  [[nodiscard]] Result<Released> let_through(const HeldChange& change);
  [[nodiscard]] Result<Released> try_first(const HeldChange& change);
  /// True if a second person has still to agree, who is now waited for.
  [[nodiscard]] Result<bool> note_first(const HeldChange& change, const Decision& decision,
                                        const Hand& hand);
  [[nodiscard]] Result<Released> widen(const HeldChange& change);
  /// Has the log told of an act of the machine's operator; an account's has its leaf already.
  [[nodiscard]] Result<void> tell_log(const Hand& hand, PublicAct act);
  [[nodiscard]] Result<Released> told_log(const Hand& hand, std::string_view type,
                                          const HeldChange& change, Released outcome);
  [[nodiscard]] TrialView view_of(const HeldChange& change, const FollowersRecord* followers) const;
  ZoneSet& zones_;
  Gate& gate_;
  const Clock& clock_;
  std::function<PairStatus()> pair_;
  std::function<FollowersRecord()> followers_;
};

}  // namespace khien::publish
