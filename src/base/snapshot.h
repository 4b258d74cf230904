// Read-mostly state that is swapped whole: a writer publishes a new immutable T, readers compare a
// generation (one relaxed-cost atomic load) and take the pointer only when it moved. Readers hold
// no lock while they read; the old value dies when its last reader lets go.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/guarded.h"

namespace khien {

template <typename T>
class Snapshot {
 public:
  using Pointer = std::shared_ptr<const T>;

  explicit Snapshot(Pointer first = nullptr) : current_(std::move(first)) {}

  /// Replaces the value for all readers. Any thread.
  void publish(Pointer next) {
    Pointer old;  // destroyed after the lock is released
    {
      auto current = current_.lock();
      old = std::exchange(*current, std::move(next));
      generation_.fetch_add(1);
    }
  }

  /// The value now. Takes a lock for two pointer operations; on a hot path use Reader.
  [[nodiscard]] Pointer get() { return *current_.lock(); }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(); }

  /// One thread's view. refresh() once a batch; then value() costs nothing.
  class Reader {
   public:
    explicit Reader(Snapshot& source) : source_(&source) { take(); }
    /// True if a new value was taken.
    bool refresh() {
      if (source_->generation() == seen_) return false;
      take();
      return true;
    }
    [[nodiscard]] const T* value() const noexcept { return held_.get(); }

   private:
    void take() {
      // Generation first: if a publish slips in between, the next refresh takes it again.
      seen_ = source_->generation();
      held_ = source_->get();
    }
    Snapshot* source_;
    std::uint64_t seen_ = 0;
    Pointer held_;
  };

 private:
  Guarded<Pointer> current_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace khien
