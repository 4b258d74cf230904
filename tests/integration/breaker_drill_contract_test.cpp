// The drill of Denmark 2012: 8,000 good names come into publication by every way there is (a list
// of a feed, signed orders whose impact check did not know, rows of a damaged database), with a
// real khien-dnsd and a real Unbound following. None of them is ever blocked, while a lift and an
// honest block pass; the operator sees what waits and why, and can end it.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "cases/name_list.h"
#include "cases/testing/desk.h"
#include "probe/judge.h"
#include "publish/canaries.h"
#include "publish/case_publications.h"
#include "publish/good_names.h"
#include "publish/key_file.h"
#include "publish/primary.h"
#include "publish/publication_control.h"
#include "publish/publisher.h"
#include "publish/test_servers.h"
#include "publish/testing.h"
#include "resolver/service.h"

namespace khien::publish {
namespace {

constexpr std::size_t drill_names = 8'000;
constexpr int drill_orders = 12;
constexpr std::int64_t wait_max_ms = 30'000;
const std::filesystem::path data{KHIEN_SOURCE_DIR "/data"};

/// Good names of the shipped lists: every list that refuses, and the most popular names.
std::vector<std::string> good_names() {
  std::vector<std::string> names;
  for (const char* part : {"never-block", "popularity"}) {
    for (const auto& entry : std::filesystem::directory_iterator{data / part}) {
      const auto list = cases::load_name_list(entry.path());
      EXPECT_TRUE(list.has_value());
      const bool counts = list->facts.kind == cases::ListKind::popularity ||
                          list->facts.severity == cases::Severity::refuse;
      if (!counts) continue;
      for (const auto& listed : list->names) names.push_back(listed.name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  // Every so many of them, so that each list has its share.
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < drill_names; ++i) {
    chosen.push_back(names[i * names.size() / drill_names]);
  }
  return chosen;
}

class BreakerDrill : public cases::testing::Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    if (IsSkipped()) return;
    names_ = good_names();
    impact_.publish(std::make_shared<const cases::ImpactData>(
        *cases::ImpactData::load(std::vector{data}, {"khien.example"})));
    gate_ = *Gate::open({.folder = folder() / "zones",
                         .canaries = *load_canaries(std::vector{data}),
                         .good_name = good_names_of(impact_),
                         .metrics = &metrics_},
                        clock);
    zones_ = *ZoneSet::open(
        {.folder = folder() / "zones",
         .is_public_suffix =
             [this](std::string_view name) { return suffixes.is_public_suffix(name); },
         .gate = gate_.get()},
        clock, system_rng_);
    control_.emplace(*zones_, *gate_, clock);
    source_.emplace(db(), context);
    turn_.emplace(Publisher::Parts{
        .zones = *zones_, .source = *source_, .clock = clock, .metrics = metrics_});
    key_ = *make_key("khien-dnsd", system_rng_);
    unbound_ = free_address();
    primary_ = *Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")}, *zones_,
                               system_clock_, system_rng_, metrics_);
    start_dnsd();
    allow();
  }

  void TearDown() override {
    process_.reset();
    service_.reset();
    primary_.reset();
    source_.reset();
    Desk::TearDown();
  }

  void start_dnsd() {
    resolver::SecondaryOptions secondary{.primary = primary_->address(), .key = key_};
    for (const auto id : {"orders-phishing", "feeds-phishing"}) {
      secondary.zones.push_back({.name = test_zone(id).name, .source = *policy::parse_source(id)});
    }
    const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");
    auto service = resolver::Service::open({.listen = {loopback},
                                            .upstreams = {upstream_.address()},
                                            .secondary = std::move(secondary),
                                            .snapshot_folder = folder() / "dnsd",
                                            .block = {.base_url = "http://khien.test"}},
                                           system_clock_, system_rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    allow();
    service_->start();
  }

  void allow() {
    AccessRule by_key{.name = "khien-dnsd", .key = key_.name};
    if (service_) by_key.notify = service_->addresses();
    AccessRule by_address{.name = "unbound",
                          .addresses = {*net::Prefix::parse("127.0.0.1/32")},
                          .notify = {unbound_}};
    ASSERT_TRUE(primary_->set_access({.keys = {key_}, .rules = {by_key, by_address}}).has_value());
  }

  bool start_unbound() {
    const auto program = find_program("unbound");
    if (!program) {
      std::cout << "unbound is not installed (package unbound): the drill goes on without it\n";
      return false;
    }
    std::string rpz;
    for (const auto id : {"orders-phishing", "feeds-phishing"}) {
      rpz += "rpz:\n  name: \"" + test_zone(id).name.to_text() + "\"\n  primary: 127.0.0.1@" +
             std::to_string(primary_->address().port) + "\n  allow-notify: 127.0.0.1\n";
    }
    const auto file = folder() / "unbound.conf";
    std::ofstream{file} << "server:\n  directory: \"" + folder().string() +
                               "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n"
                               "  use-syslog: no\n  logfile: \"\"\n  do-daemonize: no\n"
                               "  interface: 127.0.0.1@" +
                               std::to_string(unbound_.port) +
                               "\n  num-threads: 1\n  do-not-query-localhost: no\n"
                               "  module-config: \"respip iterator\"\n"
                               "  access-control: 127.0.0.0/8 allow\n"
                               "remote-control:\n  control-enable: no\n"
                               "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" +
                               std::to_string(upstream_.address().port) + "\n" + rpz;
    process_ = std::make_unique<TestProcess>(
        std::vector<std::string>{*program, "-d", "-c", file.string()}, folder() / "unbound.log");
    return true;
  }

  std::vector<net::SocketAddress> resolvers() {
    std::vector<net::SocketAddress> all{service_->addresses().front()};
    if (process_) all.push_back(unbound_);
    return all;
  }
  void expect_soon(std::string_view name, int rcode) {
    for (const auto& resolver : resolvers()) {
      EXPECT_GE(time_until(resolver, test_name(name), rcode, wait_max_ms), 0)
          << name << " at " << to_string(resolver);
    }
  }
  void publish() {
    while (turn_->run()) {
    }
  }

  /// Rows for all the names, past every rule of the schema: what a damaged or tampered database
  /// would give. They stand behind a real, signed order.
  void damage(const cases::Order& order) {
    const auto done = run([&](store::Transaction& tx) -> Result<void> {
      const auto last = cases::last_publication(tx);
      if (!last) return tl::unexpected<Error>{last.error()};
      auto sequence = *last;
      for (const auto& name : names_) {
        auto inserted = tx.execute(
            "INSERT INTO publication (sequence, order_id, action, basis, category, name, scope, "
            "at_ms, serve_until_ms, removed_by) VALUES ($1, $2, 'add', 'orders', 'phishing', $3, "
            "'domain', $4, $5, 0)",
            {++sequence, order.id, name, clock.now_ms(), clock.now_ms() + ms_per_day});
        if (!inserted) return tl::unexpected<Error>{inserted.error()};
      }
      auto counted =
          tx.execute("UPDATE publication_counter SET used = $1 WHERE one = 1", {sequence});
      if (!counted) return tl::unexpected<Error>{counted.error()};
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  SystemClock system_clock_;
  SystemRng system_rng_;
  Metrics metrics_;
  TestUpstream upstream_;
  std::vector<std::string> names_;
  Snapshot<cases::ImpactData> impact_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublicationControl> control_;
  std::optional<CasePublications> source_;
  std::optional<PublisherTurn> turn_;
  dns::TsigKey key_;
  net::SocketAddress unbound_;
  std::unique_ptr<Primary> primary_;
  std::unique_ptr<resolver::Service> service_;
  std::unique_ptr<TestProcess> process_;
};

/// Asks resolvers for good names, one after another, until it is destroyed.
class Asker {
 public:
  Asker(std::vector<net::SocketAddress> resolvers, std::span<const std::string> names)
      : thread_([this, resolvers = std::move(resolvers), names](const std::stop_token& stop) {
          for (std::size_t i = 0; !stop.stop_requested(); i = (i + 7) % names.size()) {
            for (const auto& resolver : resolvers) {
              const int rcode = rcode_of(resolver, test_name(names[i]), 2'000);
              asked_ += rcode == dns::rcode_noerror ? 1 : 0;
              blocked_ += rcode == dns::rcode_nxdomain ? 1 : 0;
            }
          }
        }) {}
  [[nodiscard]] int asked() const noexcept { return asked_; }
  [[nodiscard]] int blocked() const noexcept { return blocked_; }

 private:
  std::atomic<int> asked_{0};
  std::atomic<int> blocked_{0};
  std::jthread thread_;
};

TEST_P(BreakerDrill, EightThousandGoodNamesReachNoResolver) {
  start_unbound();
  const auto case_id = *reported("Trang giả mạo https://cu.xau.example/").case_id;
  const auto old = approved(case_id, "cu.xau.example");
  publish();
  ASSERT_TRUE(zones_
                  ->replace({.zone = "feeds-phishing",
                             .source = "feed:drill:domain",
                             .names = std::vector<std::string>{"list.example"},
                             .scope = Scope::domain})
                  .has_value());
  expect_soon("cu.xau.example", dns::rcode_nxdomain);
  expect_soon("list.example", dns::rcode_nxdomain);
  const auto serial = [&](std::string_view id) { return zones_->serial(test_zone(id)).value(); };
  const auto orders_serial = serial("orders-phishing");
  const auto feeds_serial = serial("feeds-phishing");
  const Asker asker{resolvers(), names_};

  // A feed's list, past its own breaker.
  auto list = names_;
  list.push_back("list.example");
  const auto replaced = zones_->replace({.zone = "feeds-phishing",
                                         .source = "feed:drill:domain",
                                         .names = list,
                                         .scope = Scope::domain});
  ASSERT_TRUE(replaced.has_value()) << replaced.error().message;
  EXPECT_EQ(replaced->held, names_.size());
  EXPECT_EQ(serial("feeds-phishing"), feeds_serial);

  // Orders that two persons signed on what the impact check did not know; then the damage; and in
  // the middle of it all a lift and an honest order.
  std::vector<cases::OrderId> orders;
  for (int i = 0; i < drill_orders; ++i) {
    const auto name = names_[static_cast<std::size_t>(i) * 601];
    if (suffixes.is_public_suffix(name)) continue;
    orders.push_back(approved(case_id, name).id);
  }
  damage(approved(case_id, "hong.xau.example"));
  const cases::ReasonedMove lift{
      .id = old.id, .version = order_of(old.id).version, .reason = "đã gỡ trang lừa đảo"};
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::lift_order(tx, context, duty, lift);
              }).has_value());
  const auto honest = approved(case_id, "moi.xau.example");
  publish();
  expect_soon("cu.xau.example", dns::rcode_noerror);
  expect_soon("moi.xau.example", dns::rcode_nxdomain);
  EXPECT_EQ(order_of(honest.id).state, cases::OrderState::published);
  // The honest orders and the lift are all that the zone shows of it.
  EXPECT_EQ(zones_->status()[2].name_count, 2U);
  EXPECT_LE(serial("orders-phishing"), orders_serial + 3);

  // Every single name, at each resolver.
  int blocked = 0;
  for (const auto& resolver : resolvers()) {
    for (const auto& name : names_) {
      blocked += rcode_of(resolver, test_name(name), 5'000) == dns::rcode_noerror ? 0 : 1;
    }
  }
  EXPECT_EQ(blocked, 0);
  EXPECT_EQ(asker.blocked(), 0);
  EXPECT_GT(asker.asked(), 0);

  // What the operator sees.
  const auto status = control_->status();
  ASSERT_EQ(status.held.size(), 2U);
  for (const auto& change : status.held) {
    EXPECT_EQ(change.reason, HoldReason::good_names) << change.zone;
    EXPECT_TRUE(needs_two(change.reason));
    const auto& words = change.is_set() ? change.examples.front() : change.names.front().detail;
    EXPECT_NE(words.find("("), std::string::npos) << words;
    std::cout << change.zone << ": " << change.count() << " names wait, for example " << words
              << "\n";
  }

  // They reject it: the orders say so, and nothing has been blocked to the end.
  for (const auto& change : status.held) {
    ASSERT_TRUE(control_->reject({.id = change.id, .reason = "tên tốt"}, {}).has_value());
  }
  publish();
  for (const auto& id : orders) EXPECT_EQ(order_of(id).state, cases::OrderState::suspended);
  EXPECT_EQ(order_of(honest.id).state, cases::OrderState::published);
  EXPECT_EQ(asker.blocked(), 0);
  std::cout << asker.asked() << " answers for good names during the drill, none of them blocked\n";
}

INSTANTIATE_TEST_SUITE_P(Engines, BreakerDrill, ::testing::Values(store::Engine::sqlite),
                         store::testing::engine_name);

}  // namespace
}  // namespace khien::publish
