// Counters and gauges, written in the Prometheus text exposition format 0.0.4. No client address,
// name or message text is ever a label value: labels come from closed sets in code, or are names that
// the operator gave to machines (a follower of our zones), a bounded number of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace khien {

/// A number that any thread may move; relaxed, because nothing is ordered by it.
class Metric {
 public:
  void add(std::int64_t amount = 1) noexcept {
    value_.fetch_add(amount, std::memory_order_relaxed);
  }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

enum class MetricKind { counter, gauge };

/// All metrics of a process, made at start-up and kept until its end. Thread-safe.
class Metrics {
 public:
  /// `name` like "khien_reports_received_total", `labels` like `channel="web"` or empty. The same
  /// name and labels give the same metric. The reference stays valid while this object lives.
  Metric& counter(std::string_view name, std::string_view help, std::string_view labels = {});
  Metric& gauge(std::string_view name, std::string_view help, std::string_view labels = {});

  /// Everything as text/plain; version=0.0.4.
  [[nodiscard]] std::string exposition();

 private:
  struct Entry {
    std::string name;
    std::string help;
    std::string labels;
    MetricKind kind;
    Metric metric;
    Entry(std::string_view n, std::string_view h, std::string_view l, MetricKind k)
        : name(n), help(h), labels(l), kind(k) {}
  };
  Metric& find_or_make(std::string_view name, std::string_view help, std::string_view labels,
                       MetricKind kind);
  Guarded<std::deque<Entry>> entries_;  // a deque keeps references valid as it grows
};

}  // namespace khien
