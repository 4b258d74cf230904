// A thread that does one thing again and again: every so often, and at once when its channel of the
// database's wake-ups is woken.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "api/health.h"
#include "base/guarded.h"
#include "base/result.h"
#include "store/wakeups.h"

namespace khien::khiend {

class TimerThread {
 public:
  struct Options {
    std::string name;                      ///< "sweeper": for the log and /healthz
    std::chrono::milliseconds interval{};  ///< between the end of one round and the next
  };
  /// `work` runs on the thread; an error is logged (it is tried again next time) and shown by
  /// state(). What it throws ends the round likewise.
  TimerThread(Options options, std::unique_ptr<store::Subscription> channel,
              std::function<Result<void>()> work);
  /// Lets the round in hand end, then joins.
  ~TimerThread();
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

  /// ok, or degraded after a round that failed. Any thread.
  [[nodiscard]] api::PartState state();
  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }

 private:
  void run(const std::stop_token& stop);

  Options options_;
  std::unique_ptr<store::Subscription> channel_;
  std::function<Result<void>()> work_;
  Guarded<std::string> error_;  // of the last round; empty if it was good
  std::jthread thread_;
};

}  // namespace khien::khiend
