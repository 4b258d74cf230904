// One look at a name, as the recheck engine takes it: what it sees, and what that is worth alone.
#include <fmt/format.h>

#include <array>

#include "cases/impact.h"
#include "commands.h"
#include "recheck/asker.h"
#include "recheck/judge.h"
#include "text/host.h"

namespace khien::khienctl {

Result<void> recheck_look(const Place& place, const RecheckLook& wanted) {
  auto name = text::normalise_host(wanted.name);
  if (!name) return propagate(std::move(name).error(), wanted.name);
  std::vector<net::SocketAddress> resolvers;
  for (const auto& written : wanted.resolvers) {
    auto resolver = net::SocketAddress::parse(written, 53);
    if (!resolver) return propagate(std::move(resolver).error(), written);
    resolvers.push_back(*resolver);
  }
  const std::array<std::filesystem::path, 2> folders{wanted.data, place.state / "lists"};
  auto impact = cases::ImpactData::load(folders, {});
  if (!impact) return tl::unexpected<Error>{std::move(impact).error()};
  auto operators = recheck::Operators::load(folders);
  if (!operators) return tl::unexpected<Error>{std::move(operators).error()};
  const SystemClock clock;
  SystemRng rng;
  recheck::Asker asker{
      {.resolvers = std::move(resolvers), .control = {}}, impact->suffixes(), clock, rng};
  const auto look = asker.look(*name);
  fmt::print("{}: {}\n", *name, recheck::to_string(look.outcome));
  fmt::print("registered domain  {}\n", asker.domain_of(*name));
  for (const auto& server : look.servers) {
    const auto* kind = operators->sinkholes(server) ? "  (a known sinkhole)"
                       : operators->parks(server)   ? "  (parks names)"
                                                    : "";
    fmt::print("name server        {}{}\n", server, kind);
  }
  if (!look.primary.empty()) fmt::print("primary server     {}\n", look.primary);
  if (recheck::is_silent(look.outcome)) {
    return fail(ErrorCode::unavailable, "the resolver gave no answer that counts");
  }
  fmt::print(
      "One look is no finding: khiend takes several, over days (docs/publish/recheck.md).\n");
  return {};
}

}  // namespace khien::khienctl
