// Secondaries that set themselves up from our catalog zone (RFC 9432), and Knot DNS as a tier
// between khiend and resolvers (docs/publish/fan-out.md).
#include "zone_followers.h"

namespace khien::publish {
namespace {

class ZoneProvisioning : public ZoneFollowers {
 protected:
  void allow_zones(std::vector<std::string> zones) {
    allow({.name = "tier", .key = key_.name, .zones = std::move(zones), .notify = {server_}});
  }

  void start_bind_with_catalog(const std::string& program) {
    const auto primary = "{ 127.0.0.1 port " + port_text(primary_->address()) + " key unit.key; }";
    const auto config = write(
        "named.conf",
        key_text(key_) + "options {\n  directory \"" + folder("named") +
            "\"; pid-file none; lock-file none; session-keyfile none;\n  listen-on port " +
            port_text(server_) +
            " { 127.0.0.1; }; listen-on-v6 { none; };\n  recursion no; allow-query { any; };\n"
            "  catalog-zones { zone \"catalog.khien\" default-primaries " +
            primary +
            "\n    in-memory no min-update-interval 1; };\n};\ncontrols { };\n"
            "zone \"catalog.khien\" { type secondary; file \"catalog.db\"; primaries " +
            primary + "; };\n");
    start("named", {program, "-g", "-n", "1", "-c", config});
  }

  /// Knot DNS, which takes what the catalog lists and gives it to whoever asks; `told` are told.
  void start_knot(const std::string& program, const std::vector<net::SocketAddress>& told) {
    std::string remotes;
    std::string names;
    for (const auto& address : told) {
      const auto id = "below" + std::to_string(address.port);
      remotes += "  - id: " + id + "\n    address: 127.0.0.1@" + port_text(address) + "\n";
      names += (names.empty() ? "" : ", ") + id;
    }
    const std::string dir = folder("knot");
    const auto config = write(
        "knot.conf",
        "server:\n  rundir: \"" + dir + "\"\n  listen: 127.0.0.1@" + port_text(server_) +
            "\nlog:\n  - target: stderr\n    any: info\ndatabase:\n  storage: \"" + dir +
            "\"\nkey:\n  - id: unit.key\n    algorithm: hmac-sha512\n    secret: " +
            codec::base64(key_.secret) + "\nremote:\n  - id: khien\n    address: 127.0.0.1@" +
            port_text(primary_->address()) + "\n    key: unit.key\n" + remotes +
            "acl:\n  - id: from-khien\n    address: 127.0.0.1\n    key: unit.key\n    action: "
            "notify\n"
            "  - id: to-below\n    address: 127.0.0.1\n    action: transfer\n"
            "template:\n  - id: member\n    storage: \"" +
            dir +
            "\"\n    master: khien\n    acl: [from-khien, to-below]\n    semantic-checks: off\n" +
            (names.empty() ? "" : "    notify: [" + names + "]\n") +
            "zone:\n  - domain: catalog.khien\n    storage: \"" + dir +
            "\"\n    master: khien\n    acl: from-khien\n    catalog-role: interpret\n"
            "    catalog-template: member\n");
    start("knot", {program, "-c", config});
  }

  /// Zones come by themselves, one is added later, one is taken away.
  void expect_to_provision_itself() {
    change("orders-fraud", "xau.example");
    EXPECT_TRUE(answers(server_, owner("orders-fraud", "xau.example"), dns::rcode_noerror));
    change("orders-fraud", "moi.example");
    EXPECT_TRUE(answers(server_, owner("orders-fraud", "moi.example"), dns::rcode_noerror));
    EXPECT_GT(transfers("ixfr"), 0);
    // A zone that the follower may not take it does not even know of.
    EXPECT_NE(rcode_of(server_, test_zone("feeds-malware").name, 5'000), dns::rcode_noerror);

    change("feeds-malware", "ma.example");
    allow_zones({"pass", "orders-fraud", "feeds-malware"});
    EXPECT_TRUE(answers(server_, owner("feeds-malware", "ma.example"), dns::rcode_noerror));
    allow_zones({"pass", "feeds-malware"});
    EXPECT_TRUE(answers(server_, owner("orders-fraud", "xau.example"), dns::rcode_refused));
    EXPECT_TRUE(answers(server_, owner("feeds-malware", "ma.example"), dns::rcode_noerror));
  }
};

TEST_F(ZoneProvisioning, BindSetsItselfUpFromTheCatalog) {
  const auto program = find_program("named");
  if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
  allow_zones({"pass", "orders-fraud"});
  start_bind_with_catalog(*program);
  expect_to_provision_itself();
}

TEST_F(ZoneProvisioning, KnotSetsItselfUpFromTheCatalog) {
  const auto program = find_program("knotd");
  if (!program) GTEST_SKIP() << "knotd is not installed (package knot)";
  allow_zones({"pass", "orders-fraud"});
  start_knot(*program, {});
  expect_to_provision_itself();
}

// khiend → Knot DNS → Unbound: the change passes through, by IXFR at the first step.
TEST_F(ZoneProvisioning, AChangePassesThroughATierOfKnot) {
  const auto knot = find_program("knotd");
  const auto unbound = find_program("unbound");
  if (!knot || !unbound) GTEST_SKIP() << "not installed (packages knot, unbound)";
  const auto resolver = free_address();
  allow_zones({"orders-fraud"});
  change("orders-fraud", "xau.example");
  start_knot(*knot, {resolver});
  ASSERT_TRUE(answers(server_, owner("orders-fraud", "xau.example"), dns::rcode_noerror));
  const auto config = write(
      "unbound.conf",
      "server:\n  directory: \"" + folder_.path().string() +
          "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n"
          "  logfile: \"\"\n  do-daemonize: no\n  interface: 127.0.0.1@" +
          port_text(resolver) +
          "\n  num-threads: 1\n  do-not-query-localhost: no\n  module-config: \"respip iterator\"\n"
          "  access-control: 127.0.0.0/8 allow\nremote-control:\n  control-enable: no\n"
          "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
          port_text(upstream_.address()) +
          "\nrpz:\n  name: \"orders-fraud.rpz.khien.\"\n  primary: 127.0.0.1@" +
          port_text(server_) + "\n  allow-notify: 127.0.0.1\n");
  start("unbound", {*unbound, "-d", "-c", config});
  ASSERT_TRUE(answers(resolver, test_name("xau.example"), dns::rcode_nxdomain));
  for (int round = 0; round < 3; ++round) {
    change("orders-fraud", "moi.example");
    const auto block_ms =
        time_until(resolver, test_name("moi.example"), dns::rcode_nxdomain, follower_wait_max_ms);
    EXPECT_GE(block_ms, 0);
    change("orders-fraud", "moi.example", ChangeKind::remove);
    const auto lift_ms =
        time_until(resolver, test_name("moi.example"), dns::rcode_noerror, follower_wait_max_ms);
    EXPECT_GE(lift_ms, 0);
    std::cout << "khiend, Knot DNS, Unbound: block " << block_ms << " ms, lift " << lift_ms
              << " ms\n";
  }
  EXPECT_GE(transfers("ixfr"), 6);
}

}  // namespace
}  // namespace khien::publish
