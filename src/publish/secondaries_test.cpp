// Our primary with real secondaries on loopback: BIND with a key, Unbound by address, Knot DNS as a
// second opinion on the transfers. What is not installed is skipped, and says so. Times are
// printed.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <thread>

#include "codec/base64.h"
#include "dns/rpz.h"
#include "publish/key_file.h"
#include "publish/primary.h"
#include "publish/test_servers.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;
constexpr int nxdomain = dns::rcode_nxdomain;
constexpr int noerror = dns::rcode_noerror;
const char* const zone_text = "orders-phishing.rpz.khien";

std::string port_of(const net::SocketAddress& address) { return std::to_string(address.port); }

class SecondariesTest : public testing::Test {
 protected:
  void SetUp() override {
    zones_ = open_zones(folder_.path() / "zones", clock_);
    key_ = *make_key("unit.key", rng_);
    server_ = free_address();
    auto primary = Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")}, *zones_,
                                  clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
  }

  void TearDown() override {
    process_.reset();
    if (!HasFailure()) return;
    std::ifstream log{folder_.path() / "server.log"};
    std::string line;
    while (std::getline(log, line)) std::cout << "  server: " << line << "\n";
  }

  void allow(bool by_key) {
    AccessRule rule{.name = "secondary", .notify = {server_}};
    if (by_key) {
      rule.key = key_.name;
    } else {
      rule.addresses = {*net::Prefix::parse("127.0.0.1/32")};
    }
    ASSERT_TRUE(primary_->set_access({.keys = {key_}, .rules = {std::move(rule)}}).has_value());
  }

  void change(std::vector<std::string> names, ChangeKind kind, Scope scope = Scope::domain) {
    std::vector<Change> changes;
    for (const auto& name : names) {
      changes.push_back({.kind = kind,
                         .zone = "orders-phishing",
                         .name = name,
                         .source = "order:1",
                         .scope = scope});
    }
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_.path() / name} << text;
  }

  void start(std::vector<std::string> command) {
    process_ = std::make_unique<TestProcess>(command, folder_.path() / "server.log");
  }

  std::int64_t ixfr_count() {
    return metrics_
        .counter("khien_primary_transfers_total", "Zone transfers begun", "kind=\"ixfr\"")
        .value();
  }

  std::int64_t value_of(const std::string& name, const std::string& labels = {}) {
    return metrics_.counter(name, "", labels).value();
  }

  /// Waits for an event; false after wait_max_ms.
  bool wait_until(const std::function<bool()>& happened) {
    const std::int64_t start_ms = clock_.steady_ms();
    while (!happened()) {
      if (clock_.steady_ms() - start_ms > wait_max_ms) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
  }

  void start_bind(const std::string& program) {
    allow(true);
    const std::string dir = folder_.path().string();
    write("named.conf",
          "options {\n"
          "  directory \"" +
              dir +
              "\"; pid-file none; lock-file none; session-keyfile none;\n"
              "  listen-on port " +
              port_of(server_) +
              " { 127.0.0.1; }; listen-on-v6 { none; };\n"
              "  dnssec-validation no; recursion yes; allow-recursion { any; };\n"
              "  forward only; forwarders { 127.0.0.1 port " +
              port_of(upstream_.address()) +
              "; };\n"
              "  response-policy { zone \"" +
              zone_text +
              "\"; } min-update-interval 0\n"
              "    qname-wait-recurse no;\n"
              "};\ncontrols { };\n" +
              key_text(key_) + "zone \"" + zone_text +
              "\" { type secondary; file \"rpz.db\";\n"
              "  primaries { 127.0.0.1 port " +
              port_of(primary_->address()) +
              " key \"unit.key\"; };\n"
              "  allow-query { none; }; };\n");
    start({program, "-g", "-n", "1", "-c", dir + "/named.conf"});
  }

  void start_unbound(const std::string& program) {
    allow(false);
    const std::string dir = folder_.path().string();
    write("unbound.conf",
          "server:\n  directory: \"" + dir +
              "\"\n  chroot: \"\"\n  username: \"\"\n"
              "  pidfile: \"\"\n  use-syslog: no\n  logfile: \"\"\n  do-daemonize: no\n"
              "  interface: 127.0.0.1@" +
              port_of(server_) +
              "\n  num-threads: 1\n"
              "  do-not-query-localhost: no\n  module-config: \"respip iterator\"\n"
              "  access-control: 127.0.0.0/8 allow\n"
              "remote-control:\n  control-enable: no\n"
              "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
              port_of(upstream_.address()) +
              "\n"
              "rpz:\n  name: \"" +
              zone_text + ".\"\n  primary: 127.0.0.1@" + port_of(primary_->address()) +
              "\n  allow-notify: 127.0.0.1\n");
    start({program, "-d", "-c", dir + "/unbound.conf"});
  }

  /// Block and lift as a resolver shows them, with times.
  void expect_to_follow(const std::string& who) {
    const auto time = [&](std::string_view name, int rcode) {
      return time_until(server_, test_name(name), rcode, wait_max_ms);
    };
    change({"xau.example"}, ChangeKind::add);
    const auto ready_ms = time("xau.example", nxdomain);
    ASSERT_GE(ready_ms, 0);
    ASSERT_EQ(rcode_of(server_, test_name("www.xau.example"), 5'000), nxdomain);
    ASSERT_EQ(rcode_of(server_, test_name("moi.example"), 5'000), noerror);
    const std::int64_t before = ixfr_count();
    std::vector<std::int64_t> blocks;
    std::vector<std::int64_t> lifts;
    for (int round = 0; round < 5; ++round) {
      change({"moi.example"}, ChangeKind::add);
      blocks.push_back(time("moi.example", nxdomain));
      change({"moi.example"}, ChangeKind::remove);
      lifts.push_back(time("moi.example", noerror));
      ASSERT_GE(blocks.back(), 0);
      ASSERT_GE(lifts.back(), 0);
    }
    EXPECT_GT(ixfr_count(), before);
    EXPECT_EQ(rcode_of(server_, test_name("xau.example"), 5'000), nxdomain);
    std::cout << who << ": first transfer to NXDOMAIN " << ready_ms << " ms; commit to NXDOMAIN";
    for (const auto ms : blocks) std::cout << " " << ms;
    std::cout << " ms; commit of the lift to NOERROR";
    for (const auto ms : lifts) std::cout << " " << ms;
    std::cout << " ms\n";
  }

  void preload(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("n" + std::to_string(i) + ".example");
    change(names, ChangeKind::add);
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRng rng_;
  Metrics metrics_;
  TestUpstream upstream_;
  dns::TsigKey key_;
  net::SocketAddress server_;
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<Primary> primary_;
  std::unique_ptr<TestProcess> process_;
};

TEST_F(SecondariesTest, BindFollowsWithAKey) {
  const auto program = find_program("named");
  if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
  start_bind(*program);
  expect_to_follow("BIND");
}

// A change that falls into the start of a follower, before it has loaded the zone, reaches it by
// NOTIFY and not by its refresh timer, which comes round after 60 s. Its answers to the first
// NOTIFYs say nothing about that.
TEST_F(SecondariesTest, BindLearnsOfAChangeDuringItsStart) {
  const auto program = find_program("named");
  if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
  preload(20'000);
  start_bind(*program);
  // Before anybody listens, when the server begins to answer, and when it has asked for the serial.
  change({"mot.example"}, ChangeKind::add);
  ASSERT_TRUE(wait_until([&] { return rcode_of(server_, test_name("mot.example"), 20) != -1; }));
  change({"hai.example"}, ChangeKind::add);
  ASSERT_TRUE(wait_until(
      [&] { return value_of("khien_primary_queries_total", "outcome=\"answered\"") != 0; }));
  change({"ba.example"}, ChangeKind::add);
  for (const auto name : {"mot.example", "hai.example", "ba.example"}) {
    EXPECT_GE(time_until(server_, test_name(name), nxdomain, wait_max_ms), 0) << name;
  }
  ASSERT_TRUE(wait_until([&] { return value_of("khien_primary_notify_confirmed_total") != 0; }));
  std::cout << "BIND at its start: " << value_of("khien_primary_notify_sent_total")
            << " NOTIFYs sent, " << value_of("khien_primary_notify_acknowledged_total")
            << " answered, " << value_of("khien_primary_notify_confirmed_total") << " confirmed\n";
}

TEST_F(SecondariesTest, UnboundFollowsByAddress) {
  const auto program = find_program("unbound");
  if (!program) GTEST_SKIP() << "unbound is not installed (package unbound)";
  start_unbound(*program);
  expect_to_follow("Unbound");
}

TEST_F(SecondariesTest, BindFollowsWith100000Names) {
  const auto program = find_program("named");
  if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
  preload(100'000);
  start_bind(*program);
  expect_to_follow("BIND with 100,000 names");
  EXPECT_EQ(rcode_of(server_, test_name("a.n99999.example"), 5'000), nxdomain);
}

TEST_F(SecondariesTest, UnboundFollowsWith100000Names) {
  const auto program = find_program("unbound");
  if (!program) GTEST_SKIP() << "unbound is not installed (package unbound)";
  preload(100'000);
  start_unbound(*program);
  expect_to_follow("Unbound with 100,000 names");
  EXPECT_EQ(rcode_of(server_, test_name("a.n99999.example"), 5'000), nxdomain);
}

TEST_F(SecondariesTest, KnotFollowsAsAnAuthority) {
  const auto program = find_program("knotd");
  if (!program) GTEST_SKIP() << "knotd is not installed (package knot)";
  allow(true);
  const std::string dir = folder_.path().string();
  write("knot.conf", "server:\n  rundir: \"" + dir + "\"\n  listen: 127.0.0.1@" + port_of(server_) +
                         "\nlog:\n  - target: stderr\n    any: info\n"
                         "database:\n  storage: \"" +
                         dir +
                         "\"\n"
                         "key:\n  - id: unit.key\n    algorithm: hmac-sha256\n    secret: " +
                         codec::base64(key_.secret) +
                         "\nremote:\n  - id: khien\n    address: 127.0.0.1@" +
                         port_of(primary_->address()) +
                         "\n    key: unit.key\n"
                         "acl:\n  - id: from-khien\n    address: 127.0.0.1\n    key: unit.key\n"
                         "    action: notify\n"
                         "zone:\n  - domain: " +
                         zone_text + "\n    storage: \"" + dir +
                         "\"\n    master: khien\n    acl: from-khien\n    semantic-checks: off\n");
  start({*program, "-c", dir + "/knot.conf"});
  const auto owner = [&](std::string_view name) {
    return *dns::make_rpz_owner(test_name(name), false, test_zone().name);
  };
  change({"xau.example"}, ChangeKind::add);
  ASSERT_GE(time_until(server_, owner("xau.example"), noerror, wait_max_ms), 0);
  change({"moi.example"}, ChangeKind::add);
  const auto block_ms = time_until(server_, owner("moi.example"), noerror, wait_max_ms);
  ASSERT_GE(block_ms, 0);
  change({"moi.example"}, ChangeKind::remove);
  const auto lift_ms = time_until(server_, owner("moi.example"), nxdomain, wait_max_ms);
  ASSERT_GE(lift_ms, 0);
  EXPECT_GT(ixfr_count(), 0);
  std::cout << "Knot DNS: commit to served " << block_ms << " ms, lift " << lift_ms << " ms\n";
}

TEST_F(SecondariesTest, KdigTransfersWithTheRightKeyOnly) {
  const auto program = find_program("kdig");
  if (!program) GTEST_SKIP() << "kdig is not installed (package knot-dnsutils)";
  allow(true);
  preload(1'000);
  const auto transfer = [&](const dns::TsigKey& key, const std::string& type) {
    return run_command({*program, "@127.0.0.1", "-p", port_of(primary_->address()), "+tcp", "-y",
                        "hmac-sha256:unit.key:" + codec::base64(key.secret), zone_text, type},
                       folder_.path());
  };
  const auto good = transfer(key_, "AXFR");
  EXPECT_TRUE(good.good) << good.text;
  EXPECT_NE(good.text.find("*.n999.example." + std::string{zone_text}), std::string::npos);
  EXPECT_NE(good.text.find("2003 records"), std::string::npos) << good.text.substr(0, 500);

  const auto wrong = transfer(*make_key("unit.key", rng_), "AXFR");
  EXPECT_EQ(wrong.text.find("CNAME"), std::string::npos);
  EXPECT_NE(wrong.text.find("BADSIG"), std::string::npos) << wrong.text;

  change({"n7.example"}, ChangeKind::remove);
  const auto delta = transfer(key_, "IXFR=2");
  EXPECT_TRUE(delta.good) << delta.text;
  EXPECT_NE(delta.text.find("n7.example"), std::string::npos);
  EXPECT_EQ(delta.text.find("n8.example"), std::string::npos);
}

}  // namespace
}  // namespace khien::publish
