#include <fmt/format.h>

#include <cstdio>

#include "commands.h"
#include "follower_configuration.h"
#include "net/address.h"
#include "publish/followers.h"
#include "publish/zone_names.h"

namespace khien::khienctl {
namespace {

/// They take no NOTIFY: they ask each second.
bool asks_by_itself(std::string_view kind) noexcept {
  return kind == "powerdns" || kind == "knot-resolver";
}

}  // namespace

Result<void> zone_follower_add(const Place& place, const FollowerAdd& add) {
  auto primaries = read_primaries(add.primaries);
  if (!primaries) return tl::unexpected<Error>{std::move(primaries).error()};
  std::vector<net::SocketAddress> told;
  if (!asks_by_itself(add.kind)) {
    auto address = net::SocketAddress::parse(add.address);
    if (!address) return propagate(std::move(address).error(), "read --address");
    told.push_back(*address);
  }
  std::vector<crypto::Sha256Digest> pins;
  for (const auto& text : add.pins) {
    auto pin = publish::parse_pin(text);
    if (!pin) return propagate(std::move(pin).error(), "read --pin");
    pins.push_back(*pin);
  }
  auto zones = publish::zones_of_bases(add.zones);
  if (!zones) return tl::unexpected<Error>{std::move(zones).error()};
  publish::Follower follower{.name = add.name.empty() ? add.kind : add.name,
                             .signs = add.kind != "unbound",
                             .pins = std::move(pins),
                             .zones = std::move(*zones),
                             .notify = told,
                             .ring = publish::parse_ring(add.ring).value_or(publish::Ring::all)};
  if (!follower.signs) {
    auto prefix = net::Prefix::parse(to_string(told.front().ip));
    if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
    follower.addresses.push_back(*prefix);
    // Names of abused children are never given to an address alone.
    std::erase_if(follower.zones, [](const std::string& id) {
      const auto* zone = publish::find_zone(id);
      return zone != nullptr && zone->keys_only;
    });
  }
  SystemRng rng;
  if (auto put = publish::put_follower(place.state, follower, rng); !put) return put;
  const auto key_file =
      std::filesystem::absolute(publish::follower_key_path(place.state, follower.name));
  // From here on each zone by itself, with the trial zones of its ring.
  std::vector<std::string> taken;
  for (const auto* zone : publish::zones_of(follower)) taken.push_back(zone->id);
  follower.zones = std::move(taken);
  print_configuration({.kind = add.kind,
                       .follower = follower,
                       .primaries = std::move(*primaries),
                       .key_file = key_file,
                       .folder = add.folder});
  return {};
}

Result<void> zone_follower_list(const Place& place) {
  auto followers = publish::read_followers(place.state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  for (const auto& follower : *followers) {
    std::string told;
    for (const auto& address : follower.notify) told += " " + to_string(address);
    fmt::print(
        "{:<20} {:<12} ring {:<8} {:>3} zones  told at{}\n", follower.name,
        std::string{follower.signs ? "key" : "address"} + (follower.pins.empty() ? "" : ", pin"),
        to_string(follower.ring), publish::zones_of(follower).size(),
        told.empty() ? " nowhere" : told);
  }
  return {};
}

Result<void> zone_follower_set(const Place& place, const std::string& name,
                               const std::string& ring) {
  const auto wanted = publish::parse_ring(ring);
  if (!wanted) return fail(ErrorCode::invalid_argument, "--ring: own, partner or all");
  if (auto set = publish::set_follower_ring(place.state, name, *wanted); !set) return set;
  auto followers = publish::read_followers(place.state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  fmt::print("{} is in ring {}; khiend knows it within a second.\n", name, ring);
  for (const auto& follower : *followers) {
    if (follower.name != name) continue;
    std::string trials;
    for (const auto* zone : publish::zones_of(follower)) {
      if (zone->is_trial()) trials += "  " + zone->id + ".rpz.khien\n";
    }
    if (trials.empty()) {
      fmt::print("It may take no trial zone: take those that it has out of its configuration.\n");
    } else {
      fmt::print(
          "It obeys a change on trial once its configuration has these policy zones, too "
          "(khien-dnsd: --trial {}):\n{}",
          ring, trials);
    }
  }
  return {};
}

Result<void> zone_key_add(const Place& place, const std::string& name,
                          const std::string& algorithm) {
  const auto known = dns::parse_tsig_algorithm(algorithm);
  if (!known) return fail(ErrorCode::invalid_argument, "no algorithm " + algorithm);
  auto followers = publish::read_followers(place.state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  // One that is there keeps its zones and addresses.
  publish::Follower follower{.name = name};
  for (auto& one : *followers) {
    if (one.name == name) follower = std::move(one);
  }
  follower.signs = true;
  follower.algorithm = *known;
  SystemRng rng;
  if (auto put = publish::put_follower(place.state, follower, rng); !put) return put;
  fmt::print(
      "{}\nGive it to the resolver's operator by a private way; khiend knows it within a second.\n",
      std::filesystem::absolute(publish::follower_key_path(place.state, name)).string());
  return {};
}

}  // namespace khien::khienctl
