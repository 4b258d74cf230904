// Wake-ups: "something on this channel was committed, look". They carry no data and may be spurious
// or merged; losing one costs a delay, never work, because every waiter also looks on its own after
// a timeout. Within a process they are immediate; between processes they travel by PostgreSQL's
// LISTEN/NOTIFY. Two processes on one SQLite file do not wake each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace khien::store {

/// The channels of this process and how often each was woken. Thread-safe.
class WakeupHub {
 public:
  void wake(std::string_view channel);
  /// For a listener that was away and does not know what it missed.
  void wake_all();

 private:
  friend class Subscription;
  struct State {
    std::map<std::string, std::uint64_t, std::less<>> generations;
    std::uint64_t all = 0;
  };
  [[nodiscard]] static std::uint64_t generation(const State& state, std::string_view channel);
  Guarded<State> state_;
};

/// One waiter's view of a channel; one thread waits, any thread may wake(). From
/// Database::subscribe(); must not outlive the database.
class Subscription {
 public:
  Subscription(WakeupHub& hub, std::string_view channel);

  /// True if the channel was woken since the last wait() (or since the subscription began), at once
  /// or within `timeout`.
  [[nodiscard]] bool wait(std::chrono::milliseconds timeout);

  /// Ends a wait(), for example from a std::stop_callback.
  void wake() { hub_->wake(channel_); }

 private:
  WakeupHub* hub_;
  std::string channel_;
  std::uint64_t seen_;
};

}  // namespace khien::store
