// How a follower stands in one zone: pure functions of its record and the time.
#pragma once

#include <string_view>

#include "publish/follower_record.h"

namespace khien::publish {

/// A secondary asks every refresh_s; BIND at its defaults every 300 s at most.
constexpr std::int64_t silent_after_ms = 15 * ms_per_minute;

/// Worse ones later.
enum class FollowerState : std::uint8_t {
  never,    ///< has never asked for it: it may, and does not follow
  current,  ///< has what we serve
  unknown,  ///< asks, and has taken nothing since we know of it
  behind,   ///< has an older serial
  silent,   ///< had what we serve, and has not asked for silent_after_ms
  ahead,    ///< has a later serial than ours: it will follow nothing, see docs/runbooks/backup.md
  expired,  ///< has not asked for the zone's EXPIRE: it has thrown the zone away
};
[[nodiscard]] std::string_view to_string(FollowerState state) noexcept;
[[nodiscard]] std::string_view to_string(Learnt how) noexcept;

struct Standing {
  FollowerState state = FollowerState::never;
  std::uint32_t serials_behind = 0;
  std::int64_t behind_ms = 0;  ///< since we first served what it lacks
};

[[nodiscard]] Standing standing_of(const ServerRecord& server, const FollowerZoneRecord& record,
                                   InstantMs now_ms);
/// Of the follower's worst server; of two that are behind, the one that is further.
[[nodiscard]] Standing standing_of(const FollowerZoneRecord& record, InstantMs now_ms);

}  // namespace khien::publish
