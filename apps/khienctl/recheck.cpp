// One look at a name, as the recheck engine takes it: what it sees, and what that is worth alone.
#include <fmt/format.h>

#include <array>

#include "cases/impact.h"
#include "cases/order_pages.h"
#include "commands.h"
#include "recheck/asker.h"
#include "recheck/judge.h"
#include "recheck/page_looker.h"
#include "text/host.h"

namespace khien::khienctl {
namespace {

/// Contacts the site itself, as khiend does with --recheck-pages on.
Result<void> print_pages(const RecheckLook& wanted, const std::string& name, recheck::Asker& asker,
                         const text::PublicSuffixList& suffixes, const Clock& clock) {
  auto pages = wanted.page;
  if (pages.empty()) pages.push_back("https://" + name + "/");
  if (pages.size() > cases::order_pages_max) {
    return fail(ErrorCode::invalid_argument,
                "--page: at most " + std::to_string(cases::order_pages_max));
  }
  for (auto& page : pages) {
    auto url = text::read_url(page);
    if (!url) return propagate(std::move(url).error(), "--page " + page);
    if (url->host != name && !url->host.ends_with("." + name)) {
      return fail(ErrorCode::invalid_argument, "--page " + page + " is no page of " + name);
    }
    url->query.clear();  // as in the database: it may hold a victim's token
    page = text::to_string(*url);
  }
  recheck::PageLooker looker{
      {}, [&](std::string_view host) { return asker.addresses_of(host); }, suffixes, clock};
  for (const auto& look : looker.look(pages)) {
    fmt::print("page               {}: {}", look.page, recheck::to_string(look.outcome));
    fmt::print("{}\n", look.status == 0 ? "" : fmt::format(" ({})", look.status));
  }
  return {};
}

}  // namespace

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
  const bool pages_wanted = wanted.pages || !wanted.page.empty();
  if (pages_wanted && look.outcome == recheck::LookOutcome::exists) {
    auto printed = print_pages(wanted, *name, asker, impact->suffixes(), clock);
    if (!printed) return printed;
  }
  if (recheck::is_silent(look.outcome)) {
    return fail(ErrorCode::unavailable, "the resolver gave no answer that counts");
  }
  fmt::print(
      "One look is no finding: khiend takes several, over days (docs/publish/recheck.md).\n");
  return {};
}

}  // namespace khien::khienctl
