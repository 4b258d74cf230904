#include "resolver/upstream_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace khien::resolver {
namespace {

constexpr std::array<std::string_view, 3> state_names{"up", "suspect", "down"};

struct Sum {
  std::uint64_t queries = 0;
  std::uint64_t answers = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t failures = 0;
  std::uint64_t rtt_us = 0;  // of the worker that has asked most
  UpstreamState state = UpstreamState::up;
};

// Workers find out by themselves. The state is that of the one that has asked most, and so knows
// best.
Sum sum_of(std::size_t upstream, std::span<const UpstreamHealth* const> workers) {
  constexpr auto relaxed = std::memory_order_relaxed;
  Sum sum;
  std::uint64_t most = 0;
  for (const UpstreamHealth* worker : workers) {
    if (upstream >= worker->count()) continue;
    const UpstreamFigures& its = worker->figures(upstream);
    const std::uint64_t queries = its.queries.load(relaxed);
    sum.queries += queries;
    sum.answers += its.answers.load(relaxed);
    sum.timeouts += its.timeouts.load(relaxed);
    sum.failures += its.failures.load(relaxed);
    if (queries <= most) continue;
    most = queries;
    sum.rtt_us = its.rtt_us.load(relaxed);
    sum.state = its.state.load(relaxed);
  }
  return sum;
}

std::string_view name_of(UpstreamState state) {
  return state_names[static_cast<std::size_t>(state)];
}

// A label's value as the exposition format wants it.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string upstream_report(std::span<const UpstreamName> names,
                            std::span<const UpstreamHealth* const> workers) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Sum sum = sum_of(i, workers);
    out +=
        fmt::format("upstream {} for {} {}", names[i].address, names[i].zone, name_of(sum.state));
    if (sum.rtt_us != 0) out += fmt::format(", {:.1f} ms", static_cast<double>(sum.rtt_us) / 1'000);
    out += fmt::format(", {} asked, {} unanswered, {} failed", sum.queries, sum.timeouts,
                       sum.failures);
    if (!names[i].trouble.empty()) out += " (" + names[i].trouble + ")";
    out += "\n";
  }
  return out;
}

std::string upstream_metrics(std::span<const UpstreamName> names,
                             std::span<const UpstreamHealth* const> workers) {
  std::vector<Sum> sums;
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < names.size(); ++i) {
    sums.push_back(sum_of(i, workers));
    labels.push_back(fmt::format("upstream=\"{}\",zone=\"{}\"", escaped(names[i].address),
                                 escaped(names[i].zone)));
  }
  std::string out;
  const auto family = [&](std::string_view name, std::string_view type, auto&& value) {
    out += fmt::format("# TYPE khien_dnsd_upstream_{} {}\n", name, type);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      out += fmt::format("khien_dnsd_upstream_{}{{{}}} {}\n", name, labels[i], value(sums[i]));
    }
  };
  family("asked_total", "counter", [](const Sum& sum) { return sum.queries; });
  family("answered_total", "counter", [](const Sum& sum) { return sum.answers; });
  family("unanswered_total", "counter", [](const Sum& sum) { return sum.timeouts; });
  family("failed_total", "counter", [](const Sum& sum) { return sum.failures; });
  family("rtt_seconds", "gauge",
         [](const Sum& sum) { return static_cast<double>(sum.rtt_us) / 1'000'000; });
  out += "# TYPE khien_dnsd_upstream_state gauge\n";
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t state = 0; state < state_names.size(); ++state) {
      out +=
          fmt::format("khien_dnsd_upstream_state{{{},state=\"{}\"}} {}\n", labels[i],
                      state_names[state], static_cast<std::size_t>(sums[i].state) == state ? 1 : 0);
    }
  }
  return out;
}

}  // namespace khien::resolver
