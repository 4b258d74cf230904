// What is known of our followers: which server of theirs has which serial of which zone, and how we
// know. Plain values; FollowerProgress gathers them, follower_file.h keeps them over a restart.
//
// Servers are the followers' machines, never their clients: nobody's questions are known here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "publish/zone_names.h"

namespace khien::publish {

/// Servers of one follower whose serial of one zone is kept; the longest silent one makes room.
constexpr std::size_t follower_servers_max = 8;

/// How we know of a server's serial.
enum class Learnt : std::uint8_t {
  told,     ///< it asked for ours: what it has itself we know only where it had taken a zone before
  claimed,  ///< it said so when it asked for changes
  whole,    ///< it took the whole zone
  changes,  ///< it took changes
};

struct ServerRecord {
  net::IpAddress address = {};
  std::optional<std::uint32_t> serial = {};  ///< what it has; nullopt: it has only asked so far
  Learnt how = Learnt::told;                 ///< how we know of `serial`
  InstantMs heard_ms = 0;                    ///< when it last asked for anything of the zone
  InstantMs took_ms = 0;                     ///< when its last transfer was complete; 0: none known
  InstantMs behind_since_ms = 0;             ///< when we first served more; 0 unless it is behind
};

/// One follower and one zone.
struct FollowerZoneRecord {
  const ZoneFacts* zone = nullptr;
  std::uint32_t served_serial = 0;  ///< what this follower gets now
  std::vector<ServerRecord> servers = {};
  std::int64_t failed_count = 0;  ///< transfers that broke off, since khiend knows the follower
  InstantMs failed_ms = 0;        ///< the last of them
  InstantMs acknowledged_ms = 0;  ///< when a NOTIFY was last answered
  InstantMs given_up_ms = 0;      ///< when one was last told in vain
};

struct FollowerRecord {
  std::string name = {};
  Ring ring = Ring::all;                       ///< not in the file: the followers' own says
  std::vector<FollowerZoneRecord> zones = {};  ///< what it may take, in the order of all_zones()
};

struct ServedZone {
  const ZoneFacts* zone = nullptr;
  std::uint32_t serial = 0;
  InstantMs changed_ms = 0;  ///< since when; after a start, and without a file, the start
};

struct FollowersRecord {
  InstantMs at_ms = 0;
  std::vector<ServedZone> zones = {};
  std::vector<FollowerRecord> followers = {};
};

}  // namespace khien::publish
