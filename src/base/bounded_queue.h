// Threads talk through queues with a maximum. A full queue refuses; the caller counts the drop.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/guarded.h"

namespace khien {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t size_max) : size_max_(size_max) {}

  /// False if the queue is full or closed; `item` is then lost to the caller to count.
  [[nodiscard]] bool push(T item) {
    {
      auto state = state_.lock();
      if (state->closed || state->items.size() >= size_max_) return false;
      state->items.push_back(std::move(item));
    }
    state_.notify_all();
    return true;
  }

  /// The oldest item, or nullopt after `timeout` or once closed and empty.
  [[nodiscard]] std::optional<T> pop(std::chrono::milliseconds timeout) {
    auto state = state_.lock();
    state.wait_for(timeout, [](const State& s) { return s.closed || !s.items.empty(); });
    if (state->items.empty()) return std::nullopt;
    std::optional<T> item{std::move(state->items.front())};
    state->items.pop_front();
    return item;
  }

  /// Refuses further pushes and wakes every pop().
  void close() {
    state_.lock()->closed = true;
    state_.notify_all();
  }

  [[nodiscard]] std::size_t size() { return state_.lock()->items.size(); }
  [[nodiscard]] std::size_t size_max() const noexcept { return size_max_; }

 private:
  struct State {
    std::deque<T> items;
    bool closed = false;
  };
  std::size_t size_max_;
  Guarded<State> state_;
};

}  // namespace khien
