#include "follower_configuration.h"

#include <fmt/format.h>

#include <algorithm>

#include "publish/zone_names.h"

namespace khien::khienctl {
namespace {

std::string zone_name(const std::string& id) {
  const auto* zone = publish::find_zone(id);
  auto name = zone == nullptr ? id : zone->name.to_text();
  if (name.ends_with('.')) name.pop_back();
  return name;
}

/// Who may tell of changes: two primaries of one machine are one address.
std::vector<std::string> addresses_of(const Configuration& c) {
  std::vector<std::string> addresses;
  for (const auto& primary : c.primaries) {
    auto ip = to_string(primary.ip);
    if (std::ranges::find(addresses, ip) == addresses.end()) addresses.push_back(std::move(ip));
  }
  return addresses;
}

/// A text of Lua, or a table of several.
std::string lua_addresses(const Configuration& c) {
  std::string list;
  for (const auto& primary : c.primaries) {
    if (!list.empty()) list += ", ";
    list += '"' + to_string(primary) + '"';
  }
  return c.primaries.size() == 1 ? list : "{" + list + "}";
}

/// For unbound.conf. Unbound 1.17 has no TSIG for transfers, so it is let in by address. Without
/// `folder` it keeps no zone file, which makes each change 100 times cheaper and a restart a full
/// transfer.
void print_unbound(const Configuration& c) {
  const auto& folder = c.folder;
  if (addresses_of(c).size() < c.primaries.size()) {
    fmt::print(stderr,
               "Unbound tells primaries apart by address alone: with two at one address it asks "
               "the wrong one first, and blocks come seconds later once that one is away. Give "
               "each publisher an address of its own.\n");
  }
  for (const auto& id : c.follower.zones) {
    fmt::print("rpz:\n  name: \"{}.\"\n", zone_name(id));
    for (const auto& primary : c.primaries) {
      fmt::print("  primary: {}@{}\n", to_string(primary.ip), primary.port);
    }
    for (const auto& ip : addresses_of(c)) fmt::print("  allow-notify: {}\n", ip);
    if (!folder.empty()) fmt::print("  zonefile: \"{}\"\n", (folder / (id + ".zone")).string());
    fmt::print("  rpz-signal-nxdomain-ra: yes\n");
  }
}

/// For named.conf: a first part inside options {}, then the zones.
void print_bind(const Configuration& c) {
  fmt::print("  response-policy {{\n");
  for (const auto& id : c.follower.zones) fmt::print("    zone \"{}\";\n", zone_name(id));
  // BIND's default waits 60 s between two updates of a policy zone.
  // BIND asks for a zone's serial at ticks of 10 questions: 500 ms at its default of 20 a second,
  // so a lift soon after a block would wait for the next one.
  fmt::print(
      "  }} qname-wait-recurse no min-update-interval 0;\n  serial-query-rate 1000;\n"
      "// zones\ninclude \"{}\";\n",
      c.key_file.string());
  std::string primaries;
  for (const auto& primary : c.primaries) {
    primaries +=
        fmt::format(" {} port {} key {};", to_string(primary.ip), primary.port, c.follower.name);
  }
  std::string tellers;
  for (const auto& ip : addresses_of(c)) tellers += " " + ip + ";";
  for (const auto& id : c.follower.zones) {
    fmt::print(
        "zone \"{0}\" {{\n  type secondary;\n  primaries {{{1} }};\n"
        "  file \"{2}\";\n  allow-notify {{{3} key {4}; }};\n  allow-query {{ none; }};\n"
        "  min-refresh-time 1; min-retry-time 1;\n}};\n",
        zone_name(id), primaries, (c.folder / (id + ".db")).string(), tellers, c.follower.name);
  }
}

/// RFC 8914: what a resolver tells about the zone's blocks.
int extended_error(std::string_view zone) {
  if (zone.starts_with("feeds-")) return 15;
  if (zone.starts_with("choice-")) return 17;
  return 16;
}

/// For PowerDNS Recursor's lua-config-file (4.5 and later). It takes no NOTIFY for RPZ: it asks
/// each second. The key is read from its file, so that the configuration holds no secret.
void print_powerdns(const Configuration& c) {
  fmt::print("local key = io.open(\"{}\"):read(\"a\"):match('secret \"(.-)\"')\n",
             c.key_file.string());
  fmt::print("for _, zone in ipairs {{\n");
  for (const auto& id : c.follower.zones) {
    fmt::print("  {{\"{}\", {}}},\n", zone_name(id), extended_error(id));
  }
  fmt::print(
      "}} do\n"
      "  rpzPrimary({}, zone[1], {{tsigname=\"{}\", tsigalgo=\"hmac-sha256\", tsigsecret=key,\n"
      "    refresh=1, includeSOA=true, extendedErrorCode=zone[2], extendedErrorText=\"\"}})\n"
      "end\n",
      lua_addresses(c), c.follower.name);
}

/// For kresd.conf. Knot Resolver 5 reads policy from files alone: `khienctl zone follow` keeps one
/// for each zone, and it looks again when one changes.
void print_knot_resolver(const Configuration& c) {
  const auto folder = c.folder.empty() ? std::filesystem::path{"/var/lib/khien-zones"} : c.folder;
  for (const auto& id : c.follower.zones) {
    fmt::print("policy.add(policy.rpz(policy.DENY, '{}', true))\n",
               (folder / (id + ".rpz")).string());
  }
  fmt::print("-- beside it one process for each zone, kept running by your service manager:\n");
  std::string primaries;
  for (const auto& primary : c.primaries) primaries += " --primary " + to_string(primary);
  for (const auto& id : c.follower.zones) {
    fmt::print("-- khienctl zone follow {} {}{} --tsig-key {}\n", id,
               (folder / (id + ".rpz")).string(), primaries, c.key_file.string());
  }
}

}  // namespace

Result<std::vector<net::SocketAddress>> read_primaries(const std::vector<std::string>& texts) {
  std::vector<net::SocketAddress> primaries;
  for (const auto& text : texts) {
    auto primary = net::SocketAddress::parse(text);
    if (!primary) return propagate(std::move(primary).error(), "read --primary");
    primaries.push_back(*primary);
  }
  return primaries;
}

void print_configuration(const Configuration& c) {
  if (c.kind == "unbound") {
    print_unbound(c);
  } else if (c.kind == "bind") {
    print_bind(c);
  } else if (c.kind == "powerdns") {
    print_powerdns(c);
  } else if (c.kind == "knot-resolver") {
    print_knot_resolver(c);
  } else {
    for (const auto& primary : c.primaries) fmt::print("--primary {} ", to_string(primary));
    fmt::print("--tsig-key {}", c.key_file.string());
    if (c.follower.ring != publish::Ring::all)
      fmt::print(" --trial {}", to_string(c.follower.ring));
    fmt::print("\n");
  }
}

}  // namespace khien::khienctl
