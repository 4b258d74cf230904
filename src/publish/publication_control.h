// What a person may do to publication while it runs, whoever asks: the API, khienctl through the
// local socket, or khienctl itself where no publisher runs. Works with API and database away; the
// database is told later (gate.h, notices). Thread-safe. Each act is logged with who did it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

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

class PublicationControl {
 public:
  /// All must outlive it; the gate is the ZoneSet's.
  PublicationControl(ZoneSet& zones, Gate& gate, const Clock& clock)
      : zones_(zones), gate_(gate), clock_(clock) {}

  /// Where two publishers have the same zones. All acts but status() are then for the one that
  /// leads: conflict "other_leads" at the other one. Before other threads use this object.
  void set_pair(std::function<PairStatus()> pair) { pair_ = std::move(pair); }

  struct Status {
    std::vector<ZoneStatus> zones = {};
    std::set<std::string> stopped = {};   ///< zone ids; "*" for every zone
    std::vector<HeldChange> held = {};    ///< oldest first
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
    std::string name = {};    ///< of a change of orders: this name alone; empty: all of it
    std::string reason = {};  ///< of a rejection
  };
  enum class Released : std::uint8_t {
    served,          ///< the names of orders are in the zone
    permitted,       ///< the list brings them at its next turn, within a minute
    waits_for_other  ///< a second person must agree
  };
  /// Lets it through. Where it touches good names or a canary, two different accounts must agree,
  /// and the machine's operator cannot: denied "two_persons_needed", "own_release". conflict
  /// "zone_stopped" while it is. not_found "no_such_change".
  [[nodiscard]] Result<Released> release(const Decision& decision, const Hand& hand);
  /// Never lets it through: its orders are suspended, its list waits for a person next time.
  [[nodiscard]] Result<void> reject(const Decision& decision, const Hand& hand);

  /// Brings what waited for a stop that has ended; the publisher calls it each turn. How many
  /// names.
  Result<std::size_t> bring_resumed();

 private:
  /// The part of a change that `hand` may release.
  [[nodiscard]] Result<HeldChange> releasable(const Decision& decision, const Hand& hand) const;
  [[nodiscard]] Result<std::size_t> serve(const HeldChange& change, Warrant warrant);
  ZoneSet& zones_;
  Gate& gate_;
  const Clock& clock_;
  std::function<PairStatus()> pair_;
};

}  // namespace khien::publish
