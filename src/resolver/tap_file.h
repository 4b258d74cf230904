// The operator's debugging file: what clients ask and get, and what upstreams are asked, as dnstap,
// without the clients (dnstap.h). Only until a time that is at most a day away, only up to a size,
// only into a new file. Rings are what workers push to; run() belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/metrics.h"
#include "resolver/tap_ring.h"

namespace khien::resolver {

constexpr std::int64_t tap_time_max_ms = ms_per_day;
constexpr std::uint64_t tap_file_size_default = std::uint64_t{256} << 20;
constexpr std::uint64_t tap_file_size_most = std::uint64_t{64} << 30;
constexpr std::int64_t tap_poll_ms = 50;

struct TapOptions {
  std::filesystem::path file = {};
  InstantMs until_ms = 0;  ///< UTC
  std::uint64_t size_max = tap_file_size_default;
};

class TapFile {
 public:
  /// Makes the file, mode 0600. invalid_argument for an end more than a day away; null, with a
  /// warning in the log, if the end is over or the file is there already or cannot be made: a tool
  /// for debugging does not keep DNS from starting. `clock` and `metrics` are borrowed.
  [[nodiscard]] static Result<std::unique_ptr<TapFile>> open(const TapOptions& options,
                                                             const Clock& clock, Metrics& metrics);
  /// Ends the file; one that nothing was ever polled for, because the start failed, goes.
  ~TapFile();

  /// A ring for one more worker, borrowed from this. Before run().
  [[nodiscard]] TapRing& add_ring();
  /// Gives up all rings: their workers must be gone. Before run().
  void forget_rings() noexcept { rings_.clear(); }

  /// Polls until `stop`, then ends the file.
  void run(const std::stop_token& stop);
  /// Writes what the rings hold, and ends the file where it is time to or too large.
  void poll();
  [[nodiscard]] bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }

 private:
  TapFile(const TapOptions& options, FileDescriptor file, const Clock& clock, Metrics& metrics);
  void take(const TapRecord& record, std::int64_t time_s);
  void flush();
  void end(std::string_view why);

  TapOptions options_;
  const Clock& clock_;
  std::int64_t until_steady_ms_;  // the wall clock may step
  FileDescriptor file_;
  std::uint64_t size_ = 0;  // with what waits in octets_
  Octets message_;          // one, for a moment
  Octets octets_;           // not written yet
  std::atomic<bool> is_on_{true};
  bool was_polled_ = false;
  std::vector<std::unique_ptr<TapRing>> rings_;
  Metric& frames_;
  Metric& dropped_ring_;
  Metric& dropped_unreadable_;
  Metric& dropped_size_;
  Metric& write_failures_;
  Metric& on_;
};

}  // namespace khien::resolver
