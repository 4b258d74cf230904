// What is known of our followers, as gauges. Only servers' serials: no address is a label.
#pragma once

#include "base/metrics.h"
#include "publish/follower_record.h"

namespace khien::publish {

/// Followers that have gauges, in the order of the file; the others are counted.
constexpr std::size_t follower_metrics_max = 64;

/// Sets khien_primary_follower_serial and khien_primary_follower_behind_seconds{follower, zone} of
/// every zone that a follower has asked for. One that follows no more keeps its last gauges until
/// khiend is started anew, with 0 seconds. Costs the gauges' number squared: once some seconds.
class FollowerMetrics {
 public:
  /// `metrics` is borrowed.
  explicit FollowerMetrics(Metrics& metrics);
  void update(const FollowersRecord& record);

 private:
  Metrics& metrics_;
  Metric& left_out_;
  std::vector<Metric*> behind_;  // all that were ever set
};

}  // namespace khien::publish
