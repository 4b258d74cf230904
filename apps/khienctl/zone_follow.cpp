// khienctl zone follow: keeps a zone file beside a resolver that reads policy from files. Needs
// neither khiend's state nor its database: it is a secondary, on the resolver's machine.
#include <fmt/format.h>
#include <poll.h>

#include <cstdio>

#include "base/clock.h"
#include "base/random.h"
#include "commands.h"
#include "end_signals.h"
#include "follower_configuration.h"
#include "publish/key_file.h"
#include "publish/zone_names.h"
#include "resolver/zone_file_follower.h"

namespace khien::khienctl {
namespace {

using resolver::ZoneFileFollower;

Result<resolver::ZoneFileOptions> options_of(const ZoneFollow& follow) {
  // One of ours may be named by its id; any other zone by its whole name.
  const auto* ours = publish::find_zone(follow.zone);
  auto zone = ours != nullptr ? Result<dns::Name>{ours->name} : dns::Name::from_text(follow.zone);
  if (!zone) return fail(ErrorCode::invalid_argument, follow.zone + " is no name of a zone");
  auto primaries = read_primaries(follow.primaries);
  if (!primaries) return tl::unexpected<Error>{std::move(primaries).error()};
  resolver::ZoneFileOptions options{.zone = std::move(*zone),
                                    .file = follow.file,
                                    .primaries = std::move(*primaries),
                                    .every_ms = follow.every_s * ms_per_second};
  if (!follow.key_file.empty()) {
    auto key = publish::read_key_file(follow.key_file);
    if (!key) return propagate(std::move(key).error(), "read --tsig-key");
    options.key = std::move(*key);
  }
  return options;
}

void print_outcome(const Result<ZoneFileFollower::Outcome>& outcome,
                   const ZoneFileFollower& follower, const ZoneFollow& follow) {
  if (!outcome) {
    fmt::print(stderr, "{}: {}; the file stays as it is, trying again in {} s\n", follow.zone,
               outcome.error().message, follower.wait_ms() / ms_per_second);
  } else if (*outcome == ZoneFileFollower::Outcome::written) {
    fmt::print("{}: serial {}, {} records in {}\n", follow.zone, follower.copy().soa().serial,
               follower.copy().record_count(), follow.file.string());
  } else if (*outcome == ZoneFileFollower::Outcome::expired) {
    fmt::print(
        stderr,
        "{}: the primary has been silent for longer than the zone's EXPIRE of {} s; the file "
        "holds no rule until it answers again\n",
        follow.zone, follower.copy().soa().expire_s);
  }
  std::fflush(stdout);
}

}  // namespace

Result<void> zone_follow(const ZoneFollow& follow) {
  auto options = options_of(follow);
  if (!options) return tl::unexpected<Error>{std::move(options).error()};
  auto stop = end_signals();
  if (!stop) return tl::unexpected<Error>{std::move(stop).error()};
  const SystemClock clock;
  SystemRng rng;
  ZoneFileFollower follower{std::move(*options), stop->get(), clock, rng};
  bool was_good = true;  // the same failure again and again would flood the journal
  while (true) {
    const auto before = follower.primary();
    auto outcome = follower.refresh();
    if (outcome && follower.primary() != before) {
      fmt::print(stderr, "{}: {} does not answer; asking {} from now on\n", follow.zone,
                 to_string(before), to_string(follower.primary()));
    }
    pollfd wanted{.fd = stop->get(), .events = POLLIN, .revents = 0};
    if (!outcome && ::poll(&wanted, 1, 0) == 1) return {};
    if (outcome || was_good || follow.once) print_outcome(outcome, follower, follow);
    was_good = outcome.has_value();
    if (follow.once) {
      if (!outcome) return tl::unexpected<Error>{std::move(outcome).error()};
      return {};
    }
    if (::poll(&wanted, 1, static_cast<int>(follower.wait_ms())) == 1) return {};
  }
}

}  // namespace khien::khienctl
