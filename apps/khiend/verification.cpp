#include "verification.h"

#include <algorithm>
#include <optional>

#include "cases/publication.h"
#include "cases/settings.h"
#include "probe/judge.h"

namespace khien::khiend {
namespace {

bool is_lift(cases::EnforcementState state) noexcept {
  return state == cases::EnforcementState::lift_pending ||
         state == cases::EnforcementState::lift_verified;
}

/// What a probe's judgement means for the record; nullopt where it changes nothing.
std::optional<cases::ProbeVerdict> verdict_of(probe::Verdict seen, bool lift) noexcept {
  switch (seen) {
    case probe::Verdict::enforced:
    case probe::Verdict::over_enforced: return cases::ProbeVerdict::enforced;
    case probe::Verdict::lifted: return cases::ProbeVerdict::not_enforced;
    // Where a name should resolve again, "not enforced" is what we hope for.
    case probe::Verdict::not_enforced:
      return lift ? std::nullopt : std::optional{cases::ProbeVerdict::not_enforced};
    case probe::Verdict::stale:
    case probe::Verdict::no_answer: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<void> Verification::follow() {
  std::vector<std::string> names;
  for (const auto& resolver : resolvers_) names.push_back(to_string(resolver));
  const auto& services = domain_.services();
  return domain_.database().transact(
      [&](store::Transaction& tx) { return cases::follow_resolvers(tx, services.cases, names); });
}

Result<void> Verification::run() {
  if (!followed_) {
    if (auto followed = follow(); !followed) {
      return propagate(std::move(followed).error(), "follow the resolvers");
    }
    followed_ = true;
  }
  const auto& services = domain_.services();
  auto targets = domain_.database().read(
      [](store::Executor& db) { return cases::probe_targets(db, probes_a_round); });
  if (!targets) return propagate(std::move(targets).error(), "list what to probe");
  for (const auto& target : *targets) {
    const auto resolver = net::SocketAddress::parse(target.resolver);
    auto name = dns::Name::from_text(target.name);
    const bool ours = resolver && std::ranges::find(resolvers_, *resolver) != resolvers_.end();
    if (!ours || !name) continue;  // followed by an earlier configuration
    const bool lift = is_lift(target.state);
    const auto seen =
        probe::look({.resolver = *resolver,
                     .name = std::move(*name),
                     .expected = lift ? probe::Expected::resolving : probe::Expected::blocked,
                     .neighbours = false,
                     .timeout_ms = probe_timeout_ms},
                    services.clock, services.rng);
    const auto verdict = verdict_of(seen.verdict, lift);
    if (!verdict) continue;
    auto noted = domain_.database().transact([&](store::Transaction& tx) {
      return cases::record_probe(tx, services.cases, target.order, target.resolver, *verdict);
    });
    if (!noted && noted.error().code != ErrorCode::not_found) {
      return propagate(std::move(noted).error(), "note a probe");
    }
  }
  return {};
}

}  // namespace khien::khiend
