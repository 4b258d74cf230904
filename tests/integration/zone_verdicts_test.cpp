// One zone of ours, with listed names below listed domains, in Unbound, BIND and khien-dnsd, all
// following our primary by IXFR: after each of many steps each says the same of every name. Unbound
// and BIND match wildcards as RFC 4592 says, khien-dnsd looks for a rule at each name above. The
// zone's serial goes round on the way: 2^32 - 1 is followed by 1.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

#include "publish/key_file.h"
#include "publish/primary.h"
#include "publish/test_servers.h"
#include "publish/testing.h"
#include "publish/testing_follower.h"
#include "resolver/service.h"

namespace khien {
namespace {

using publish::ChangeKind;
using publish::Scope;

constexpr std::int64_t wait_max_ms = 30'000;
constexpr std::uint32_t first_serial = 0xFFFF'FFFF - 15;
constexpr int random_steps = 40;
const char* const zone_text = "orders-phishing.rpz.khien";

std::string port_of(const net::SocketAddress& address) { return std::to_string(address.port); }

class ZoneVerdicts : public testing::Test {
 protected:
  struct Peer {
    std::string who;
    net::SocketAddress address;
  };

  void SetUp() override {
    auto zones = publish::ZoneSet::open(
        {.folder = folder_.path() / "zones", .serial_floor = first_serial}, clock_, rng_);
    ASSERT_TRUE(zones.has_value());
    zones_ = std::move(*zones);
    auto primary = publish::Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")},
                                           *zones_, clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
    key_ = *publish::make_key("khien-dnsd", rng_);
  }

  void TearDown() override {
    processes_.clear();
    service_.reset();
    if (!HasFailure()) return;
    for (const char* log : {"unbound.log", "bind.log"}) {
      std::ifstream file{folder_.path() / log};
      std::string line;
      while (std::getline(file, line)) std::cout << "  " << log << ": " << line << "\n";
    }
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_.path() / name} << text;
  }
  void start(const std::vector<std::string>& command, const std::string& log) {
    processes_.push_back(std::make_unique<publish::TestProcess>(command, folder_.path() / log));
  }

  void start_unbound(const std::string& program, const Peer& peer) {
    const std::string dir = folder_.path().string();
    write("unbound.conf",
          "server:\n  directory: \"" + dir +
              "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n"
              "  logfile: \"\"\n  do-daemonize: no\n  interface: 127.0.0.1@" +
              port_of(peer.address) +
              "\n  num-threads: 1\n  do-not-query-localhost: no\n"
              "  module-config: \"respip iterator\"\n  access-control: 127.0.0.0/8 allow\n"
              "remote-control:\n  control-enable: no\n"
              "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
              port_of(upstream_.address()) + "\nrpz:\n  name: \"" + zone_text +
              ".\"\n  primary: 127.0.0.1@" + port_of(primary_->address()) +
              "\n  allow-notify: 127.0.0.1\n");
    start({program, "-d", "-c", dir + "/unbound.conf"}, "unbound.log");
  }

  void start_bind(const std::string& program, const Peer& peer) {
    const std::string dir = folder_.path().string();
    write("named.conf",
          "options {\n  directory \"" + dir +
              "\"; pid-file none; lock-file none; session-keyfile none;\n  listen-on port " +
              port_of(peer.address) +
              " { 127.0.0.1; }; listen-on-v6 { none; };\n"
              "  dnssec-validation no; recursion yes; allow-recursion { any; };\n"
              "  serial-query-rate 1000; forward only; forwarders { 127.0.0.1 port " +
              port_of(upstream_.address()) + "; };\n  response-policy { zone \"" + zone_text +
              "\"; } min-update-interval 0 qname-wait-recurse no;\n};\ncontrols { };\nzone \"" +
              zone_text + "\" { type secondary; file \"rpz.db\";\n  primaries { 127.0.0.1 port " +
              port_of(primary_->address()) + "; }; allow-query { none; }; };\n");
    start({program, "-g", "-n", "1", "-c", dir + "/named.conf"}, "bind.log");
  }

  void start_khien(const Peer& peer) {
    resolver::SecondaryOptions secondary{.primary = primary_->address(), .key = key_};
    secondary.zones.push_back(
        {.name = publish::test_zone().name, .source = *policy::parse_source("orders-phishing")});
    auto service = resolver::Service::open({.listen = {peer.address},
                                            .upstreams = {upstream_.address()},
                                            .secondary = std::move(secondary),
                                            .snapshot_folder = folder_.path() / "dnsd"},
                                           clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }

  void start_peers() {
    peers_.push_back({"khien-dnsd", publish::free_address()});
    publish::AccessRule by_address{.name = "resolvers",
                                   .addresses = {*net::Prefix::parse("127.0.0.1/32")}};
    const auto unbound = publish::find_program("unbound");
    const auto bind = publish::find_program("named");
    if (unbound) peers_.push_back({"Unbound", publish::free_address()});
    if (bind) peers_.push_back({"BIND", publish::free_address()});
    for (std::size_t i = 1; i < peers_.size(); ++i) by_address.notify.push_back(peers_[i].address);
    const publish::AccessRule by_key{
        .name = "khien-dnsd", .key = key_.name, .notify = {peers_[0].address}};
    ASSERT_TRUE(primary_->set_access({.keys = {key_}, .rules = {by_key, by_address}}).has_value());
    for (const Peer& peer : peers_) {
      if (peer.who == "Unbound") start_unbound(*unbound, peer);
      if (peer.who == "BIND") start_bind(*bind, peer);
    }
    start_khien(peers_[0]);
  }

  static publish::Change change(ChangeKind kind, std::string_view name, Scope scope) {
    return {
        .kind = kind, .zone = "orders-phishing", .name = name, .source = "order:1", .scope = scope};
  }

  /// Makes the changes with one more, whose name tells when a resolver has them; then asks all.
  void step(std::vector<publish::Change> changes) {
    if (HasFatalFailure()) return;
    const std::string mark = "buoc-" + std::to_string(++step_) + ".moc.test";
    changes.push_back(change(ChangeKind::add, mark, Scope::host));
    ASSERT_TRUE(zones_->apply(changes).has_value());
    const publish::HeldNames held = content_of(*zones_->read_zone(publish::test_zone())).held;
    for (const Peer& peer : peers_) {
      ASSERT_GE(becomes(peer, mark, dns::rcode_nxdomain), 0) << peer.who << " " << mark;
      for (const std::string& name : questions_) {
        const bool is_blocked = publish::is_covered_by_rule(held, name);
        ASSERT_GE(becomes(peer, name, is_blocked ? dns::rcode_nxdomain : dns::rcode_noerror), 0)
            << peer.who << " should " << (is_blocked ? "" : "not ") << "block " << name
            << " after step " << step_;
        ++asked_;
      }
    }
  }
  std::int64_t becomes(const Peer& peer, const std::string& name, int rcode) {
    return publish::time_until(peer.address, publish::test_name(name), rcode, wait_max_ms);
  }

  void make_questions() {
    questions_ = {"x.example", "y.example"};
    for (std::size_t from = 0; from < 2 + 6 + 18; ++from) {
      for (const char* label : {"a.", "b.", "c."}) questions_.push_back(label + questions_[from]);
    }
  }

  std::int64_t transfers(const std::string& kind) {
    return metrics_
        .counter("khien_primary_transfers_total", "Zone transfers begun", "kind=\"" + kind + "\"")
        .value();
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRng rng_;
  Metrics metrics_;
  publish::TestUpstream upstream_;
  dns::TsigKey key_;
  std::unique_ptr<publish::ZoneSet> zones_;
  std::unique_ptr<publish::Primary> primary_;
  std::vector<Peer> peers_;
  std::vector<std::unique_ptr<publish::TestProcess>> processes_;
  std::unique_ptr<resolver::Service> service_;
  std::vector<std::string> questions_;
  int step_ = 0;
  std::size_t asked_ = 0;
};

TEST_F(ZoneVerdicts, AreTheSameInEveryResolverAfterEveryStep) {
  constexpr std::uint64_t seed = 4'592;
  make_questions();
  start_peers();
  step({change(ChangeKind::add, "truoc.example", Scope::domain)});
  if (HasFatalFailure()) return;
  const std::int64_t whole = transfers("axfr");

  // The domain first, then a name far below it; and the other way round.
  step({change(ChangeKind::add, "x.example", Scope::domain)});
  step({change(ChangeKind::add, "b.a.a.x.example", Scope::host)});
  step({change(ChangeKind::add, "b.a.a.y.example", Scope::host)});
  step({change(ChangeKind::add, "y.example", Scope::domain)});
  step({change(ChangeKind::remove, "x.example", Scope::domain)});
  step({change(ChangeKind::remove, "b.a.a.y.example", Scope::host)});

  SeededRng steps{seed};
  for (int i = 0; i < random_steps && !HasFatalFailure(); ++i) {
    std::vector<std::string> names(1 + steps.below(3));
    std::vector<publish::Change> changes;
    for (std::string& name : names) {
      for (std::size_t count = steps.below(4); count > 0; --count) {
        name += steps.below(2) == 0 ? "a." : "b.";
      }
      name += steps.below(2) == 0 ? "x.example" : "y.example";
      changes.push_back(change(steps.below(5) < 3 ? ChangeKind::add : ChangeKind::remove, name,
                               steps.below(2) == 0 ? Scope::host : Scope::domain));
    }
    step(std::move(changes));
  }
  if (HasFatalFailure()) return;
  EXPECT_LT(zones_->serial(publish::test_zone()).value(), 1'000U)
      << "the serial has not gone round";
  EXPECT_EQ(transfers("axfr"), whole) << "a resolver did not take the changes as they are";
  std::cout << asked_ << " verdicts of " << peers_.size() << " resolvers in " << step_
            << " steps, seed " << seed << ", " << transfers("ixfr") << " IXFR, " << whole
            << " AXFR\n";
  if (peers_.size() < 3) std::cout << "packages unbound and bind9 are for the whole of it\n";
}

}  // namespace
}  // namespace khien
