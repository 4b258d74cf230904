// What waits at the gate of the zones for a person, as values, and the file that keeps it over a
// restart (docs/formats/gate.md). No rules and no locks: gate.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "publish/change_gate.h"
#include "publish/zone_names.h"

namespace khien::publish {

constexpr std::size_t held_names_max = 20'000;  // of orders, in all changes
constexpr std::size_t held_sets_max = 256;      // lists that wait, or were rejected
constexpr std::size_t held_examples_max = 20;   // of a list: names shown to the person
constexpr std::size_t gate_notices_max = 40'000;
constexpr std::size_t gate_file_size_max = std::size_t{64} << 20;  // octets

/// One name of one order.
struct HeldName {
  std::string name = {};  ///< lower case, no last dot
  std::string source = {};
  Scope scope = Scope::host;
  InstantMs until_ms = 0;
  std::int64_t sequence = 0;  ///< of its publication; 0 if none is to be told
  Warrant warrant = Warrant::none;
  std::string detail = {};  ///< what it hits, for the person
  friend bool operator==(const HeldName&, const HeldName&) = default;
};

/// What a person wants of a release: everybody gets it, or our own resolvers first, then a
/// partner's, then all (ADR 0307).
enum class Course : std::uint8_t { at_once, in_stages };

/// Names of orders that wait in one zone for one reason, or what one list wants there.
struct HeldChange {
  std::int64_t id = 0;
  std::string zone = {};  ///< id
  HoldReason reason = HoldReason::too_many;
  InstantMs at_ms = 0;          ///< when it began to wait
  std::uint32_t serial = 0;     ///< that the zone had then; of a rollback, the one it went back to
  std::string first_by = {};    ///< who has released it, where a second person must, too
  std::string first_name = {};  ///< and which name of it alone; empty: all of it
  Course first_course = Course::at_once;  ///< and how
  std::vector<HeldName> names = {};
  /// Released in stages: served to the followers of this ring and those before it (ADR 0307).
  std::optional<Ring> trial = {};
  InstantMs trial_ms = 0;  ///< since when it is at that stage

  // Of a list only: its names stay with whoever sends it.
  std::string source = {};     ///< empty: names of orders
  std::string digest = {};     ///< hex SHA-256 of all that it wants to hold; empty: not known yet
  std::int64_t add_count = 0;  ///< names that it wants to add
  std::vector<std::string> examples = {};
  bool refused = false;          ///< rejected: kept, so that it does not come back by itself
  std::int64_t trial_count = 0;  ///< names of it that are on trial; 0 until it has brought them

  /// Whether somebody has agreed to all that a decision on `name` would release (empty: all of it).
  [[nodiscard]] bool has_first(std::string_view name) const noexcept {
    const bool is_all = name.empty() && names.size() == 1 && names.front().name == first_name;
    return !first_by.empty() && (first_name.empty() || first_name == name || is_all);
  }
  [[nodiscard]] bool is_set() const noexcept { return !source.empty(); }
  [[nodiscard]] std::int64_t count() const noexcept {
    return is_set() ? add_count : static_cast<std::int64_t>(names.size());
  }
  [[nodiscard]] std::int64_t count_on_trial() const noexcept {
    if (!trial) return 0;
    return is_set() ? trial_count : static_cast<std::int64_t>(names.size());
  }
  friend bool operator==(const HeldChange&, const HeldChange&) = default;
};

/// What the database has to be told, once it is there.
enum class NoticeKind : std::uint8_t {
  published,  ///< a held order was released and is served
  withdrawn,  ///< a rollback took it out
  rejected,   ///< a person refused it at the gate
  act,        ///< an operator of the machine did something: the log has no leaf of it yet
};
struct GateNotice {
  std::int64_t id = 0;
  NoticeKind kind = NoticeKind::published;
  std::string zone = {};      ///< id; of an act "*" for every zone
  std::string source = {};    ///< of an act: who, "uid-0"
  std::string name = {};      ///< of an act: PublicAct::type
  std::int64_t sequence = 0;  ///< published: of the publication; of an act: PublicAct::count
  std::uint32_t serial = 0;   ///< published: with which it is served; withdrawn: gone back to
  std::string reason = {};    ///< the person's; of an act: PublicAct::reason
  friend bool operator==(const GateNotice&, const GateNotice&) = default;
};

/// All that is kept.
struct HeldChanges {
  std::int64_t version = 0;  ///< goes up with every change of all this
  std::int64_t last_id = 0;  ///< of changes and notices
  std::vector<HeldChange> changes = {};
  /// By zone and source: the digest of the set that a person has released.
  std::map<std::pair<std::string, std::string>, std::string> permits = {};
  std::set<std::string> stopped = {};  ///< zone ids; "*" for every zone
  std::vector<GateNotice> notices = {};
  friend bool operator==(const HeldChanges&, const HeldChanges&) = default;
};

[[nodiscard]] Octets encode_held(const HeldChanges& held);
/// corrupt if `file` is not exactly what encode_held() writes.
[[nodiscard]] Result<HeldChanges> decode_held(Bytes file);

[[nodiscard]] std::filesystem::path held_path(const std::filesystem::path& folder);
/// Nothing held if there is no file. corrupt, unavailable.
[[nodiscard]] Result<HeldChanges> read_held(const std::filesystem::path& folder);
/// Durable when it returns.
[[nodiscard]] Result<void> write_held(const std::filesystem::path& folder, const HeldChanges& held);

}  // namespace khien::publish
