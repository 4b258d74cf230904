#include "check.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace khien::dnsd {
namespace {

using Check = void (*)(const Options&, Findings&);
constexpr std::array checks{
    Check{check_ports},       Check{check_clients},  Check{check_upstreams},
    Check{check_descriptors}, Check{check_lists},    Check{check_policies},
    Check{check_keys},        Check{check_cookies},  Check{check_certificate},
    Check{check_reports},     Check{check_snapshot}, Check{check_telemetry},
    Check{check_user}};

constexpr int exit_configuration = 78;  // EX_CONFIG of sysexits(3)

const char* word_of(Finding::Level level) noexcept {
  switch (level) {
    case Finding::Level::good: return "ok      ";
    case Finding::Level::doubtful: return "look    ";
    default: return "WRONG   ";
  }
}

}  // namespace

Findings check_all(const Options& options) {
  Findings findings;
  for (const Check check : checks) check(options, findings);
  return findings;
}

int print_findings(const Findings& findings) {
  for (const Finding& finding : findings) {
    std::printf("%s%s: %s\n", word_of(finding.level), finding.item.c_str(), finding.says.c_str());
  }
  const bool wrong = std::ranges::any_of(
      findings, [](const Finding& f) { return f.level == Finding::Level::wrong; });
  return wrong ? exit_configuration : 0;
}

}  // namespace khien::dnsd
