// What people see of the upstreams on /healthz and /metrics: sums over all workers. An upstream is
// a server that the operator named, no person.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "resolver/upstream_health.h"

namespace khien::resolver {

/// How an upstream is called, by its number.
struct UpstreamName {
  std::string address = {};  // as configured
  std::string zone = {};     // what is asked there: "." or a forwarded zone
  std::string trouble = {};  // why it cannot be reached, if that is known
};

/// The best state that any worker has for each upstream, its time and counts, a line each.
[[nodiscard]] std::string upstream_report(std::span<const UpstreamName> names,
                                          std::span<const UpstreamHealth* const> workers);
/// The same in the Prometheus text format.
[[nodiscard]] std::string upstream_metrics(std::span<const UpstreamName> names,
                                           std::span<const UpstreamHealth* const> workers);

}  // namespace khien::resolver
