// One thread's loop over descriptors (epoll), timers and work posted by other threads. It owns no
// descriptor: close it only after unwatch(). Callbacks run on the thread in run() and may call
// anything here, also remove themselves.
//
// Only post(), stop() and posts_dropped() may be called from other threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/result.h"

namespace khien::net {

constexpr std::size_t loop_posts_max = 4'096;    // at the limit post() refuses, counted
constexpr std::size_t loop_timers_max = 65'536;  // at the limit after() refuses
constexpr std::size_t loop_events_batch = 256;   // descriptors served per epoll_wait

/// What a descriptor waits for, or is ready for. `closed`: the peer hung up or there is an error;
/// it is always reported.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool closed = false;
};

using TimerId = std::uint64_t;

class EventLoop {
 public:
  using OnReady = std::function<void(Readiness)>;
  using Work = std::function<void()>;

  /// `clock` is borrowed; timers go by its steady_ms().
  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> open(const Clock& clock);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Calls `on_ready` while `fd` is ready for `interest` (level-triggered). conflict if watched.
  [[nodiscard]] Result<void> watch(int fd, Readiness interest, OnReady on_ready);
  /// Waits for something else from now on. not_found if `fd` is not watched.
  [[nodiscard]] Result<void> change(int fd, Readiness interest);
  void unwatch(int fd) noexcept;

  /// Runs `work` once, at least `delay_ms` from now. limit_exceeded at loop_timers_max.
  [[nodiscard]] Result<TimerId> after(std::int64_t delay_ms, Work work);
  /// False if it ran already or was never there.
  bool cancel(TimerId id) noexcept;

  /// Any thread. Runs `work` in the loop; false, and counted, at loop_posts_max or after the end.
  [[nodiscard]] bool post(Work work);
  /// Any thread. run() returns after the callbacks in hand.
  void stop() noexcept;

  /// Serves until stop().
  void run();
  /// Serves what is due, waiting at most `wait_ms` for it; false after stop().
  bool run_once(std::int64_t wait_ms);

  [[nodiscard]] std::int64_t posts_dropped() const noexcept { return posts_dropped_.value(); }

 private:
  EventLoop(const Clock& clock, FileDescriptor epoll, FileDescriptor wake) noexcept;
  void wake() noexcept;
  void run_posts();
  void run_timers();
  [[nodiscard]] int wait_time(std::int64_t wait_ms) const noexcept;

  struct Watch {
    std::uint64_t generation;  // tells a descriptor number used again within one batch
    OnReady on_ready;
  };
  struct Posts {
    std::vector<Work> items;
    bool stopping = false;
  };

  const Clock& clock_;
  FileDescriptor epoll_;
  FileDescriptor wake_;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::uint64_t next_generation_ = 1;
  std::map<std::pair<std::int64_t, TimerId>, Work> timers_;  // by due time
  std::unordered_map<TimerId, std::int64_t> timer_due_;
  TimerId next_timer_ = 1;
  Guarded<Posts> posts_;
  Metric posts_dropped_;
};

}  // namespace khien::net
