// The only mutex outside the data plane: the data is reachable only through the lock. Hold two only
// in the order that ARCHITECTURE.md lists, and call no callback while holding one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace khien {

template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  /// Access for as long as it lives: `auto state = state_.lock(); state->count++;`
  class Access {
   public:
    T* operator->() noexcept { return value_; }
    T& operator*() noexcept { return *value_; }

    /// Sleeps until `done(value)` or `timeout`; true if done. notify_all() wakes it.
    template <typename Duration, typename Predicate>
    bool wait_for(Duration timeout, Predicate done) {
      return changed_->wait_for(lock_, timeout, [&] { return done(*value_); });
    }

   private:
    friend class Guarded;
    Access(std::mutex& mutex, std::condition_variable& changed, T& value)
        : lock_(mutex), changed_(&changed), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    std::condition_variable* changed_;
    T* value_;
  };

  [[nodiscard]] Access lock() { return Access{mutex_, changed_, value_}; }
  /// Wakes every wait_for(); call it after a change, without holding the lock.
  void notify_all() noexcept { changed_.notify_all(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

}  // namespace khien
