#include "publish/follower_standing.h"

#include <algorithm>
#include <utility>

#include "dns/serial.h"

namespace khien::publish {

std::string_view to_string(FollowerState state) noexcept {
  switch (state) {
    case FollowerState::never: return "never";
    case FollowerState::current: return "current";
    case FollowerState::unknown: return "unknown";
    case FollowerState::behind: return "behind";
    case FollowerState::silent: return "silent";
    case FollowerState::ahead: return "ahead";
    case FollowerState::expired: return "expired";
  }
  return "";
}

std::string_view to_string(Learnt how) noexcept {
  switch (how) {
    case Learnt::told: return "told";
    case Learnt::claimed: return "claimed";
    case Learnt::whole: return "whole";
    case Learnt::changes: return "changes";
  }
  return "";
}

Standing standing_of(const ServerRecord& server, const FollowerZoneRecord& record,
                     InstantMs now_ms) {
  Standing standing;
  const std::int64_t silence_ms = now_ms - server.heard_ms;
  if (server.serial && dns::serial_before(*server.serial, record.served_serial)) {
    standing.serials_behind = record.served_serial - *server.serial;
    // The wall clock may step back.
    standing.behind_ms = std::max<std::int64_t>(0, now_ms - server.behind_since_ms);
  }
  if (silence_ms >= std::int64_t{record.zone->expire_s} * ms_per_second) {
    standing.state = FollowerState::expired;
  } else if (!server.serial) {
    standing.state = FollowerState::unknown;
  } else if (standing.serials_behind != 0) {
    standing.state = FollowerState::behind;
  } else if (*server.serial != record.served_serial) {
    standing.state = FollowerState::ahead;
  } else {
    standing.state = silence_ms >= silent_after_ms ? FollowerState::silent : FollowerState::current;
  }
  return standing;
}

Standing standing_of(const FollowerZoneRecord& record, InstantMs now_ms) {
  Standing worst;
  for (const ServerRecord& server : record.servers) {
    const Standing one = standing_of(server, record, now_ms);
    if (std::pair{one.state, one.serials_behind} > std::pair{worst.state, worst.serials_behind}) {
      worst = one;
    }
  }
  return worst;
}

}  // namespace khien::publish
