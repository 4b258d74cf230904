// A call that may hang, made on a thread of its own and waited for only so long: what is asked of a
// database that has stopped without a word holds up nobody for longer. One call at a time; one that
// was given up goes on, and those after it wait for it, each within its own time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/guarded.h"
#include "base/result.h"

namespace khien::publish {

class BoundedCall {
 public:
  BoundedCall();
  /// Waits for the call in hand.
  ~BoundedCall();
  BoundedCall(const BoundedCall&) = delete;
  BoundedCall& operator=(const BoundedCall&) = delete;

  using Work = std::function<Result<void>()>;
  /// What `work` returns, or timeout after `wait_ms`: then it may still be done later. `work` must
  /// own all that it uses. Any thread.
  [[nodiscard]] Result<void> run(Work work, std::int64_t wait_ms);

 private:
  using Answer = std::optional<Result<void>>;
  struct State {
    Work work = {};  // empty: nothing to do
    bool busy = false;
    std::shared_ptr<Answer> answer = {};  // of the call in hand; its caller may have gone
  };
  void serve(const std::stop_token& stop);
  Guarded<State> state_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace khien::publish
