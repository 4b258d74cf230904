#include <fmt/format.h>

#include <cstdio>

#include "commands.h"
#include "net/address.h"
#include "publish/followers.h"
#include "publish/zone_names.h"

namespace khien::khienctl {
namespace {

std::string zone_name(const std::string& id) {
  const auto* zone = publish::find_zone(id);
  auto name = zone == nullptr ? id : zone->name.to_text();
  if (name.ends_with('.')) name.pop_back();
  return name;
}

/// For unbound.conf. Unbound 1.17 has no TSIG for transfers, so it is let in by address. Without
/// `folder` it keeps no zone file, which makes each change 100 times cheaper and a restart a full
/// transfer.
void print_unbound(const publish::Follower& follower, const net::SocketAddress& primary,
                   const std::filesystem::path& folder) {
  for (const auto& id : follower.zones) {
    fmt::print("rpz:\n  name: \"{}.\"\n  primary: {}@{}\n  allow-notify: {}\n", zone_name(id),
               to_string(primary.ip), primary.port, to_string(primary.ip));
    if (!folder.empty()) fmt::print("  zonefile: \"{}\"\n", (folder / (id + ".zone")).string());
    fmt::print("  rpz-signal-nxdomain-ra: yes\n");
  }
}

/// For named.conf: a first part inside options {}, then the zones.
void print_bind(const publish::Follower& follower, const net::SocketAddress& primary,
                const std::filesystem::path& folder, const std::filesystem::path& key_file) {
  fmt::print("  response-policy {{\n");
  for (const auto& id : follower.zones) fmt::print("    zone \"{}\";\n", zone_name(id));
  // BIND's default waits 60 s between two updates of a policy zone.
  // BIND asks for a zone's serial at ticks of 10 questions: 500 ms at its default of 20 a second,
  // so a lift soon after a block would wait for the next one.
  fmt::print(
      "  }} qname-wait-recurse no min-update-interval 0;\n  serial-query-rate 1000;\n"
      "// zones\ninclude \"{}\";\n",
      key_file.string());
  for (const auto& id : follower.zones) {
    fmt::print(
        "zone \"{0}\" {{\n  type secondary;\n  primaries {{ {1} port {2} key {3}; }};\n"
        "  file \"{4}\";\n  allow-notify {{ {1}; key {3}; }};\n  allow-query {{ none; }};\n"
        "  min-refresh-time 1; min-retry-time 1;\n}};\n",
        zone_name(id), to_string(primary.ip), primary.port, follower.name,
        (folder / (id + ".db")).string());
  }
}

}  // namespace

Result<void> zone_follower_add(const Place& place, const FollowerAdd& add) {
  auto primary = net::SocketAddress::parse(add.primary);
  if (!primary) return propagate(std::move(primary).error(), "read --primary");
  auto address = net::SocketAddress::parse(add.address);
  if (!address) return propagate(std::move(address).error(), "read --address");
  auto zones = publish::zones_of_bases(add.zones);
  if (!zones) return tl::unexpected<Error>{std::move(zones).error()};
  publish::Follower follower{.name = add.name.empty() ? add.kind : add.name,
                             .signs = add.kind != "unbound",
                             .zones = std::move(*zones),
                             .notify = {*address}};
  if (!follower.signs) {
    auto prefix = net::Prefix::parse(to_string(address->ip));
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
  if (add.kind == "unbound") {
    print_unbound(follower, *primary, add.folder);
  } else if (add.kind == "bind") {
    print_bind(follower, *primary, add.folder, key_file);
  } else {
    fmt::print("--primary {} --tsig-key {}\n", add.primary, key_file.string());
  }
  return {};
}

Result<void> zone_follower_list(const Place& place) {
  auto followers = publish::read_followers(place.state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  for (const auto& follower : *followers) {
    std::string told;
    for (const auto& address : follower.notify) told += " " + to_string(address);
    fmt::print("{:<20} {:<8} {:>3} zones  told at{}\n", follower.name,
               follower.signs ? "key" : "address",
               follower.zones.empty() ? publish::all_zones().size() : follower.zones.size(),
               told.empty() ? " nowhere" : told);
  }
  return {};
}

Result<void> zone_key_add(const Place& place, const std::string& name) {
  SystemRng rng;
  if (auto put = publish::put_follower(place.state, {.name = name, .signs = true}, rng); !put) {
    return put;
  }
  fmt::print(
      "{}\nGive it to the resolver's operator by a private way; khiend knows it within a second.\n",
      std::filesystem::absolute(publish::follower_key_path(place.state, name)).string());
  return {};
}

}  // namespace khien::khienctl
