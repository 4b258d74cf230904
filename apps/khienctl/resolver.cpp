// Keys with which resolvers report (docs/formats/resolver-report.md). Each change rests on a
// decision that is named, and becomes a leaf of the public log (docs/adr/0701-configuration.md).
#include <fmt/format.h>

#include "cases/calendar.h"
#include "commands.h"
#include "tally/resolver_key.h"

namespace khien::khienctl {
namespace {

tally::KeyAct act_of(const std::string& decision) {
  return {.basis = "operator", .decision = decision};
}

/// In Vietnam's time, to the minute.
std::string moment(InstantMs at_ms) {
  const auto minutes = (at_ms + cases::vietnam_offset_ms) % ms_per_day / ms_per_minute;
  return fmt::format("{} {:02}:{:02}", cases::day_text(cases::vietnam_day(at_ms)), minutes / 60,
                     minutes % 60);
}

}  // namespace

Result<void> resolver_add(const Place& place, const ResolverChange& wanted) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  SystemRng rng;
  auto key = (*database)->transact([&](store::Transaction& tx) {
    return tally::add_resolver(tx, {clock, rng}, wanted.name, act_of(wanted.decision));
  });
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  fmt::print(
      "{} may report now. Its key, shown this once; khien-dnsd reads it from a file of mode 0600:\n"
      "{}\n",
      wanted.name, *key);
  return {};
}

Result<void> resolver_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto resolvers = (*database)->read([](store::Executor& db) { return tally::list_resolvers(db); });
  if (!resolvers) return tl::unexpected<Error>{std::move(resolvers).error()};
  for (const auto& resolver : *resolvers) {
    fmt::print("{:<32} {:<8} since {}  {}\n", resolver.name,
               resolver.revoked_at_ms ? "revoked" : "in use", moment(resolver.added_at_ms),
               resolver.last_report_ms
                   ? fmt::format("last report {}, {} in a week; untold there {}, not kept here {}",
                                 moment(*resolver.last_report_ms), resolver.reports,
                                 resolver.untold, resolver.left_out)
                   : "no report within a week");
  }
  if (resolvers->empty()) fmt::print("No resolver may report: khienctl resolver add --help\n");
  return {};
}

Result<void> resolver_revoke(const Place& place, const ResolverChange& wanted) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  SystemRng rng;
  auto revoked = (*database)->transact([&](store::Transaction& tx) {
    return tally::revoke_resolver(tx, {clock, rng}, wanted.name, act_of(wanted.decision));
  });
  if (!revoked) return tl::unexpected<Error>{std::move(revoked).error()};
  fmt::print("The key of {} opens nothing any more. What it told stays.\n", wanted.name);
  return {};
}

}  // namespace khien::khienctl
