// Read-mostly state that is swapped whole: a writer publishes a new immutable T, readers look at a
// generation once a batch and go on with the new value when it moved.
//
// Readers take no lock, count no references and free nothing: an old value is freed by the writer,
// in publish() or collect(), once every reader has gone past it or rests (quiescent-state-based
// reclamation: McKenney and Slingwine, "Read-Copy Update", 1998). A reader that waits for work
// calls rest() first, or the values that it has not looked at pile up behind it.
//
//   reader: seen = generation, then load the value     writer: store the value, generation += 1,
//                                                              then read every `seen`
//   All four are sequentially consistent: a writer that still finds a reader at rest has stored its
//   value before that reader loads one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace khien {

template <typename T>
class Snapshot {
  static constexpr std::uint64_t resting = std::numeric_limits<std::uint64_t>::max();
  /// What a reader has seen; written by its thread, read by writers, on a cache line of its own.
  struct alignas(64) Seen {
    std::atomic<std::uint64_t> generation{resting};
  };

 public:
  using Pointer = std::shared_ptr<const T>;

  explicit Snapshot(Pointer first = nullptr) : value_(first.get()) {
    state_.lock()->current = std::move(first);
  }

  /// Replaces the value for all readers, and frees old ones that nobody reads. Any thread.
  void publish(Pointer next) {
    std::vector<Pointer> freed;  // after the lock is released
    auto state = state_.lock();
    value_.store(next.get());
    const std::uint64_t generation = generation_.fetch_add(1) + 1;
    state->retired.push_back({generation, std::exchange(state->current, std::move(next))});
    take_unread(*state, freed);
  }

  /// Frees old values that nobody reads any more. How many are still read.
  std::size_t collect() {
    std::vector<Pointer> freed;
    auto state = state_.lock();
    take_unread(*state, freed);
    return state->retired.size();
  }

  /// The value now. Takes a lock for two pointer operations; on a hot path use Reader.
  [[nodiscard]] Pointer get() { return state_.lock()->current; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(); }

  /// One thread's view, which must not outlive the Snapshot. refresh() once a batch; then value()
  /// costs nothing.
  class Reader {
   public:
    explicit Reader(Snapshot& source) : source_(&source) {
      source_->state_.lock()->readers.push_back(shared_.get());
      take();
    }
    ~Reader() { std::erase(source_->state_.lock()->readers, shared_.get()); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// True if a new value was taken. What value() gave before is gone.
    bool refresh() noexcept {
      const std::uint64_t before = seen_;
      if (value_ != nullptr && source_->generation() == before) return false;
      take();
      return seen_ != before;
    }
    /// Reads nothing until the next refresh(): value() is nullptr until then.
    void rest() noexcept {
      value_ = nullptr;
      // Release: all reads of the value come before it. A writer that sees it late frees it late.
      shared_->generation.store(resting, std::memory_order_release);
    }
    [[nodiscard]] const T* value() const noexcept { return value_; }

   private:
    void take() noexcept {
      seen_ = source_->generation();
      shared_->generation.store(seen_);
      // If a publish slips in between, this is its value already and the next refresh takes it
      // again.
      value_ = source_->value_.load();
    }
    Snapshot* source_;
    std::unique_ptr<Seen> shared_ = std::make_unique<Seen>();
    std::uint64_t seen_ = 0;
    const T* value_ = nullptr;
  };

 private:
  struct Retired {
    std::uint64_t generation;  // readers that have seen this one do not read the value
    Pointer value;
  };
  struct State {
    Pointer current;
    std::vector<Retired> retired;
    std::vector<const Seen*> readers;
  };

  static void take_unread(State& state, std::vector<Pointer>& freed) {
    std::uint64_t oldest = resting;
    for (const Seen* seen : state.readers) oldest = std::min(oldest, seen->generation.load());
    std::erase_if(state.retired, [&](Retired& retired) {
      if (retired.generation > oldest) return false;
      freed.push_back(std::move(retired.value));
      return true;
    });
  }

  Guarded<State> state_;
  std::atomic<const T*> value_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace khien
