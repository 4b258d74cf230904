#include "publish/follower_metrics.h"

#include <algorithm>
#include <limits>

#include "publish/follower_standing.h"

namespace khien::publish {
namespace {

/// The lowest serial of the follower's servers; nullopt if none is known.
std::optional<std::uint32_t> lowest_serial(const FollowerZoneRecord& record, InstantMs now_ms) {
  std::optional<std::uint32_t> lowest;
  std::int64_t furthest = -1;
  for (const ServerRecord& server : record.servers) {
    if (!server.serial) continue;
    const std::int64_t behind = standing_of(server, record, now_ms).serials_behind;
    if (behind <= furthest) continue;
    furthest = behind;
    lowest = server.serial;
  }
  return lowest;
}

}  // namespace

FollowerMetrics::FollowerMetrics(Metrics& metrics)
    : metrics_(metrics),
      left_out_(metrics.gauge("khien_primary_followers_without_gauges",
                              "Followers beyond the maximum of those that have gauges")) {}

void FollowerMetrics::update(const FollowersRecord& record) {
  const std::size_t count = std::min(record.followers.size(), follower_metrics_max);
  left_out_.set(static_cast<std::int64_t>(record.followers.size() - count));
  for (Metric* metric : behind_) metric->set(0);
  for (std::size_t i = 0; i < count; ++i) {
    for (const FollowerZoneRecord& zone : record.followers[i].zones) {
      const auto serial = lowest_serial(zone, record.at_ms);
      if (!serial) continue;
      const std::string labels =
          "follower=\"" + record.followers[i].name + "\",zone=\"" + zone.zone->id + "\"";
      metrics_
          .gauge("khien_primary_follower_serial",
                 "Lowest serial that a server of the follower is known to have", labels)
          .set(*serial);
      Metric& behind = metrics_.gauge("khien_primary_follower_behind_seconds",
                                      "Since when the follower lacks what is served; 0: it is "
                                      "up to date",
                                      labels);
      // At least one second: 0 says that nothing is missing.
      const Standing standing = standing_of(zone, record.at_ms);
      const bool lacks = standing.serials_behind != 0;
      behind.set(lacks ? std::max<std::int64_t>(1, standing.behind_ms / ms_per_second) : 0);
      if (std::ranges::find(behind_, &behind) == behind_.end()) behind_.push_back(&behind);
    }
  }
}

}  // namespace khien::publish
