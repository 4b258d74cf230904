#include "base/clock.h"

#include <chrono>

namespace khien {
namespace {

template <typename ChronoClock>
std::int64_t since_epoch_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             ChronoClock::now().time_since_epoch())
      .count();
}

}  // namespace

InstantMs SystemClock::now_ms() const noexcept {
  return since_epoch_ms<std::chrono::system_clock>();
}

std::int64_t SystemClock::steady_ms() const noexcept {
  return since_epoch_ms<std::chrono::steady_clock>();
}

}  // namespace khien
