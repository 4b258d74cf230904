// khienctl zone followers: reads the file that khiend writes every ten seconds, so it works beside
// a khiend that runs, hangs or is gone, and says how old its news is.
#include <fmt/format.h>

#include <algorithm>

#include "codec/rfc3339.h"
#include "commands.h"
#include "publish/follower_file.h"
#include "publish/follower_standing.h"

namespace khien::khienctl {
namespace {

/// "41 s", "12 min", "3 h", "5 days": the largest unit that is there twice.
std::string span_text(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(0, ms / ms_per_second);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3'600) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} days", seconds / 86'400);
}

std::string lag_text(const publish::Standing& standing) {
  if (standing.serials_behind == 0) return "-";
  return fmt::format("{}, {}", standing.serials_behind, span_text(standing.behind_ms));
}

void print_row(std::string_view follower, const publish::FollowerZoneRecord& zone,
               const publish::ServerRecord& server, InstantMs now_ms) {
  const auto standing = standing_of(server, zone, now_ms);
  const auto has = server.serial ? std::to_string(*server.serial) : std::string{"?"};
  fmt::print("{:<20} {:<22} {:<8} {:>10} {:>10}  {:<16} {:<10} {}\n", follower, zone.zone->id,
             to_string(standing.state), has, zone.served_serial, lag_text(standing),
             span_text(now_ms - server.heard_ms), to_string(server.address));
}

}  // namespace

Result<void> zone_followers(const Place& place) {
  auto record = publish::read_progress(publish::progress_path(place.state));
  if (!record && record.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::not_found,
                "khiend has written nothing of followers there yet: is --state its state folder, "
                "and does it run with the role publisher?");
  }
  if (!record) return tl::unexpected<Error>{std::move(record).error()};
  const SystemClock clock;
  const InstantMs now_ms = clock.now_ms();
  fmt::print("As khiend knew it at {}, {} ago. BEHIND: serials, and since when.\n",
             codec::write_rfc3339(record->at_ms), span_text(now_ms - record->at_ms));
  fmt::print("{:<20} {:<22} {:<8} {:>10} {:>10}  {:<16} {:<10} {}\n", "FOLLOWER", "ZONE", "STATE",
             "HAS", "SERVED", "BEHIND", "ASKED", "SERVER");
  for (const auto& follower : record->followers) {
    std::size_t never = 0;
    std::int64_t failed = 0;
    for (const auto& zone : follower.zones) {
      if (zone.servers.empty()) ++never;
      failed += zone.failed_count;
      for (const auto& server : zone.servers) {
        print_row(follower.name, zone, server, record->at_ms);
      }
    }
    if (never == follower.zones.size()) {
      fmt::print("{:<20} has asked for none of its {} zones\n", follower.name, never);
    } else if (never != 0) {
      fmt::print("{:<20} has never asked for {} others that it may take\n", follower.name, never);
    }
    if (failed != 0) fmt::print("{:<20} {} transfers broke off\n", follower.name, failed);
  }
  return {};
}

}  // namespace khien::khienctl
