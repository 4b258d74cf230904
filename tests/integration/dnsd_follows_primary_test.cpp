// khien-dnsd's service with khiend's primary, over real sockets on loopback: block, lift, restart
// without the primary, damaged snapshot, wrong key. Times are printed.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "probe/judge.h"
#include "publish/key_file.h"
#include "publish/primary.h"
#include "publish/testing.h"
#include "resolver/service.h"
#include "resolver/snapshot_disk.h"
#include "resolver/transfer_key.h"

namespace khien {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;
const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");

class DnsdFollowsPrimary : public testing::Test {
 protected:
  void SetUp() override {
    zones_ = publish::open_zones(folder_.path() / "zones", clock_);
    key_ = *publish::make_key("khien-dnsd", rng_);
    start_primary(loopback);
  }

  void start_primary(const net::SocketAddress& address) {
    auto primary = publish::Primary::start({.listen = address}, *zones_, clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
    primary_address_ = primary_->address();
    allow();
  }

  void allow() {
    publish::AccessRule rule{.name = "khien-dnsd", .key = key_.name};
    if (service_) rule.notify = service_->addresses();
    ASSERT_TRUE(primary_->set_access({.keys = {key_}, .rules = {std::move(rule)}}).has_value());
  }

  void start_dnsd(const dns::TsigKey& key) {
    resolver::SecondaryOptions secondary{
        .primary = primary_address_, .other_primaries = others_, .key = key};
    for (const auto id : {"pass", "emergency", "orders-phishing", "feeds-malware"}) {
      secondary.zones.push_back(
          {.name = publish::test_zone(id).name, .source = *policy::parse_source(id)});
    }
    auto service = resolver::Service::open({.listen = {loopback},
                                            .upstreams = {loopback},
                                            .secondary = std::move(secondary),
                                            .snapshot_folder = folder_.path() / "dnsd",
                                            .block = {.base_url = "http://khien.test"}},
                                           clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
    if (primary_) allow();
  }

  void change(std::string_view zone, const std::string& name, publish::ChangeKind kind) {
    const std::vector<publish::Change> changes{{.kind = kind,
                                                .zone = std::string{zone},
                                                .name = name,
                                                .source = "order:1",
                                                .scope = publish::Scope::domain}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }

  Result<probe::Observation> ask(std::string_view name,
                                 probe::Transport transport = probe::Transport::udp) {
    return probe::ask({.resolver = service_->addresses().front(),
                       .name = publish::test_name(name),
                       .transport = transport},
                      clock_, rng_);
  }

  /// Milliseconds until the name is blocked (or not), or -1.
  std::int64_t time_until(std::string_view name, bool blocked) {
    const std::int64_t start_ms = clock_.steady_ms();
    while (clock_.steady_ms() - start_ms < wait_max_ms) {
      const auto seen = ask(name);
      if (seen && probe::says_blocked(*seen) == blocked &&
          seen->extended_error != resolver::ede_not_ready) {
        return clock_.steady_ms() - start_ms;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return -1;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRng rng_;
  Metrics metrics_;
  dns::TsigKey key_;
  std::unique_ptr<publish::ZoneSet> zones_;
  net::SocketAddress primary_address_;
  std::vector<net::SocketAddress> others_;
  std::unique_ptr<publish::Primary> primary_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(DnsdFollowsPrimary, BlocksAndLiftsByIxfr) {
  change("orders-phishing", "xau.example", publish::ChangeKind::add);
  start_dnsd(key_);
  ASSERT_GE(time_until("xau.example", true), 0);
  const auto seen = ask("www.xau.example", probe::Transport::tcp);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->rcode, dns::rcode_nxdomain);
  EXPECT_EQ(seen->extended_error, 16);
  EXPECT_EQ(seen->extended_text, "category=phishing http://khien.test/l/www.xau.example");
  for (int round = 0; round < 5; ++round) {
    change("orders-phishing", "moi.example", publish::ChangeKind::add);
    const auto block_ms = time_until("moi.example", true);
    change("orders-phishing", "moi.example", publish::ChangeKind::remove);
    const auto lift_ms = time_until("moi.example", false);
    ASSERT_GE(block_ms, 0);
    ASSERT_GE(lift_ms, 0);
    std::cout << "block " << block_ms << " ms, lift " << lift_ms << " ms\n";
  }
  const std::string metrics = service_->status_page("/metrics").body;
  EXPECT_NE(metrics.find("khien_dnsd_transfers_total{outcome=\"changes\"}"), std::string::npos);
  const auto serial =
      probe::ask_serial(service_->addresses().front(), publish::test_zone("orders-phishing").name,
                        2'000, clock_, rng_);
  EXPECT_TRUE(serial.has_value());
}

TEST_F(DnsdFollowsPrimary, StartsFromItsSnapshotWithoutThePrimary) {
  change("orders-phishing", "xau.example", publish::ChangeKind::add);
  start_dnsd(key_);
  ASSERT_GE(time_until("xau.example", true), 0);
  service_.reset();  // saves the snapshot
  primary_.reset();
  start_dnsd(key_);
  const auto seen = ask("xau.example");
  ASSERT_TRUE(seen.has_value());
  EXPECT_TRUE(probe::says_blocked(*seen));
  // The primary comes back on its port with one name more.
  change("orders-phishing", "moi.example", publish::ChangeKind::add);
  start_primary(primary_address_);
  EXPECT_GE(time_until("moi.example", true), 0);
}

// As a pair of publishers does: the same zones under the same serials at two places.
TEST_F(DnsdFollowsPrimary, GoesOnWithWhicheverPrimaryIsThere) {
  auto twin_zones = publish::open_zones(folder_.path() / "twin", clock_);
  ASSERT_TRUE(twin_zones->adopt(zones_->copy()->file).has_value());
  auto twin = *publish::Primary::start({.listen = loopback}, *twin_zones, clock_, rng_, metrics_);
  others_ = {twin->address()};
  const auto mirror = [&] {
    const auto frames = zones_->frames_after(twin_zones->place().position);
    ASSERT_TRUE(frames.has_value() && twin_zones->follow(*frames).has_value());
  };
  change("orders-phishing", "mot.example", publish::ChangeKind::add);
  mirror();
  start_dnsd(key_);
  publish::AccessRule rule{.name = "khien-dnsd", .key = key_.name, .notify = service_->addresses()};
  ASSERT_TRUE(twin->set_access({.keys = {key_}, .rules = {rule}}).has_value());
  ASSERT_GE(time_until("mot.example", true), 0);

  primary_.reset();
  change("orders-phishing", "hai.example", publish::ChangeKind::add);
  mirror();
  ASSERT_GE(time_until("hai.example", true), 0) << "the second one tells of it and has it";

  start_primary(primary_address_);
  twin.reset();
  change("orders-phishing", "hai.example", publish::ChangeKind::remove);
  ASSERT_GE(time_until("hai.example", false), 0) << "the first one is back, the second one gone";
  EXPECT_GE(time_until("mot.example", true), 0);
}

TEST_F(DnsdFollowsPrimary, RefusesWithoutRules) {
  const auto wrong_key = *publish::make_key("khien-dnsd", rng_);
  change("orders-phishing", "xau.example", publish::ChangeKind::add);
  start_dnsd(wrong_key);
  const auto seen = ask("shop.example");
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->rcode, dns::rcode_servfail);
  EXPECT_EQ(seen->extended_error, resolver::ede_not_ready);
  EXPECT_EQ(service_->status_page("/healthz").code, 503);
}

TEST_F(DnsdFollowsPrimary, ADamagedSnapshotIsNotUsed) {
  change("orders-phishing", "xau.example", publish::ChangeKind::add);
  start_dnsd(key_);
  ASSERT_GE(time_until("xau.example", true), 0);
  service_.reset();
  primary_.reset();
  const auto path = folder_.path() / "dnsd" / resolver::snapshot_file_name;
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(200);
  file.put('\x55');
  file.close();
  start_dnsd(key_);
  const auto seen = ask("xau.example");
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->rcode, dns::rcode_servfail);
  const std::string metrics = service_->status_page("/metrics").body;
  EXPECT_NE(metrics.find("khien_dnsd_snapshot_refused_total 1"), std::string::npos);
}

TEST_F(DnsdFollowsPrimary, ReadsTheKeyFileThatTheControlPlaneWrites) {
  const auto path = folder_.path() / "dnsd.key";
  ASSERT_TRUE(publish::write_key_file(path, key_).has_value());
  const auto read = resolver::read_key(path);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->name, key_.name);
  EXPECT_EQ(read->secret, key_.secret);
}

}  // namespace
}  // namespace khien
