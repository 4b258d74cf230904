#include "api/health.h"

#include <algorithm>

namespace khien::api {

std::string_view to_string(Condition condition) noexcept {
  switch (condition) {
    case Condition::ok: return "ok";
    case Condition::degraded: return "degraded";
    case Condition::down: return "down";
  }
  return "down";
}

void Health::add(std::string part, Check check) {
  checks_.lock()->insert_or_assign(std::move(part), std::move(check));
}

Health::Report Health::report() {
  // A check may take a lock of its own part: it is called without ours.
  const auto checks = *checks_.lock();
  Report report;
  for (const auto& [part, check] : checks) {
    auto state = check();
    report.condition = std::max(report.condition, state.condition);
    report.parts.emplace(part, std::move(state));
  }
  return report;
}

}  // namespace khien::api
