#include "base/metrics.h"

#include <fmt/format.h>

#include <set>

namespace khien {

Metric& Metrics::counter(std::string_view name, std::string_view help, std::string_view labels) {
  return find_or_make(name, help, labels, MetricKind::counter);
}

Metric& Metrics::gauge(std::string_view name, std::string_view help, std::string_view labels) {
  return find_or_make(name, help, labels, MetricKind::gauge);
}

Metric& Metrics::find_or_make(std::string_view name, std::string_view help, std::string_view labels,
                              MetricKind kind) {
  auto entries = entries_.lock();
  for (auto& entry : *entries) {
    if (entry.name == name && entry.labels == labels) return entry.metric;
  }
  return entries->emplace_back(name, help, labels, kind).metric;
}

std::string Metrics::exposition() {
  auto entries = entries_.lock();
  std::set<std::string_view> done;
  std::string out;
  for (const auto& first : *entries) {
    if (!done.insert(first.name).second) continue;
    // All samples of one name stand together below its HELP and TYPE.
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", first.name, first.help, first.name,
                       first.kind == MetricKind::counter ? "counter" : "gauge");
    for (const auto& entry : *entries) {
      if (entry.name != first.name) continue;
      const auto labels = entry.labels.empty() ? "" : "{" + entry.labels + "}";
      out += fmt::format("{}{} {}\n", entry.name, labels, entry.metric.value());
    }
  }
  return out;
}

}  // namespace khien
