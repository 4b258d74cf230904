// The work of a probe: fetch a list, ask, report, wait; until told to stop. One thread.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "options.h"
#include "probe/khiend_client.h"
#include "probe/round.h"

namespace khien::probe_program {

// A failure is tried again after 30 s, then twice as long each time.
constexpr std::int64_t retry_first_ms = 30 * ms_per_second;
constexpr std::int64_t retry_max_ms = 30 * ms_per_minute;

/// Ends waiting, asking and sending together. Readable forever once stop() was called; that may be
/// done in a signal's handler.
class Stop {
 public:
  [[nodiscard]] static Result<Stop> make();
  Stop(Stop&& other) noexcept;
  Stop& operator=(Stop&&) = delete;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop();
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void stop() const noexcept;
  /// False if it was stopped meanwhile.
  [[nodiscard]] bool pause(std::int64_t wait_ms) const noexcept;

 private:
  explicit Stop(int fd) noexcept : fd_(fd) {}
  int fd_;
};

class Agent {
 public:
  struct Parts {
    probe::KhiendClient client;
    const Clock& clock;
    Rng& rng;
    const Stop& stop;
  };
  explicit Agent(Parts parts) : parts_(std::move(parts)) {}

  struct Round {
    probe::Work work;
    probe::Statement statement;
  };
  /// Fetches a list and asks all of it.
  [[nodiscard]] Result<Round> look();
  /// look(), and the report.
  [[nodiscard]] Result<Round> look_and_report();
  /// Round after round until stopped. What fails is said on standard error and tried again later;
  /// a statement that khiend could not take is sent again before anything new is asked.
  void run();

 private:
  [[nodiscard]] Result<void> send(const std::string& body);
  Parts parts_;
};

}  // namespace khien::probe_program
