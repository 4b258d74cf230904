// Time as an argument: engines and domain code take a Clock& and never ask the machine. Instants
// are UTC milliseconds since 1970; Vietnam time exists only in the UI, in letters and in deadlines.
#pragma once

#include <atomic>
#include <cstdint>

namespace khien {

/// UTC milliseconds since 1970-01-01. What is stored, sent and compared.
using InstantMs = std::int64_t;

constexpr std::int64_t ms_per_second = 1'000;
constexpr std::int64_t ms_per_minute = 60 * ms_per_second;
constexpr std::int64_t ms_per_hour = 60 * ms_per_minute;
constexpr std::int64_t ms_per_day = 24 * ms_per_hour;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock; may step backwards.
  [[nodiscard]] virtual InstantMs now_ms() const noexcept = 0;
  /// Never goes backwards; only differences mean something. For timeouts and measuring.
  [[nodiscard]] virtual std::int64_t steady_ms() const noexcept = 0;
};

/// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] InstantMs now_ms() const noexcept override;
  [[nodiscard]] std::int64_t steady_ms() const noexcept override;
};

/// A clock that a test moves by hand. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(InstantMs start_ms = 1'767'225'600'000) noexcept : now_(start_ms) {}
  [[nodiscard]] InstantMs now_ms() const noexcept override { return now_.load(); }
  [[nodiscard]] std::int64_t steady_ms() const noexcept override { return steady_.load(); }
  /// Lets `ms` pass on both clocks.
  void advance(std::int64_t ms) noexcept {
    now_ += ms;
    steady_ += ms;
  }
  /// Steps the wall clock alone, as a correction by an operator or NTP does.
  void step_wall(std::int64_t ms) noexcept { now_ += ms; }

 private:
  std::atomic<std::int64_t> now_;
  std::atomic<std::int64_t> steady_{0};
};

}  // namespace khien
