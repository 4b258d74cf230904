// Carries what the primary knows of its followers to where it is needed: browsers are told that it
// changed, gauges are set, and a file in STATE/zones keeps it over a restart.
//
// A thread of its own, which may block on the disk; ends with the object, after a last write.
#pragma once

#include <filesystem>
#include <thread>

#include "base/metrics.h"
#include "http/event_hub.h"
#include "publish/follower_metrics.h"
#include "publish/follower_progress.h"

namespace khien::khiend {

class ProgressKeeper {
 public:
  /// All borrowed; `file` is read here (a bad one is logged and passed over) and written later.
  struct Parts {
    publish::FollowerProgress& progress;
    http::EventHub& events;
    Metrics& metrics;
    std::filesystem::path file;
  };
  explicit ProgressKeeper(Parts parts);
  ProgressKeeper(const ProgressKeeper&) = delete;
  ProgressKeeper& operator=(const ProgressKeeper&) = delete;
  ~ProgressKeeper();

 private:
  void run(const std::stop_token& stop);
  void restore();
  void tell();
  void save();

  Parts parts_;
  publish::FollowerMetrics gauges_;
  std::uint64_t told_ = 0;  // generation that browsers know of
  bool can_save_ = true;    // the last write was good
  std::jthread thread_;     // last: starts when all else is there
};

}  // namespace khien::khiend
