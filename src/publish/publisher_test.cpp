#include "publish/publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "publish/control_socket.h"
#include "publish/publication_control.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

/// A database that can be away.
class FakeSource final : public PublicationSource {
 public:
  Result<std::vector<PublicationRow>> after(std::int64_t sequence, int limit) override {
    asked = true;
    hanging.lock().wait_for(std::chrono::seconds{30}, [](bool hangs) { return !hangs; });
    if (away) return fail(ErrorCode::unavailable, "database away");
    std::vector<PublicationRow> found;
    for (const auto& row : rows) {
      if (row.sequence > sequence && found.size() < static_cast<std::size_t>(limit)) {
        found.push_back(row);
      }
    }
    return found;
  }
  Result<void> record(std::span<const PublishedRow> published) override {
    if (away || record_fails) return fail(ErrorCode::unavailable, "database away");
    recorded.insert(recorded.end(), published.begin(), published.end());
    return {};
  }
  Result<void> record_withdrawn(std::span<const GateNotice> notices) override {
    if (away || record_fails) return fail(ErrorCode::unavailable, "database away");
    withdrawn.insert(withdrawn.end(), notices.begin(), notices.end());
    return {};
  }
  Result<void> record_acts(std::span<const GateNotice> notices) override {
    if (away || record_fails) return fail(ErrorCode::unavailable, "database away");
    acts.insert(acts.end(), notices.begin(), notices.end());
    return {};
  }
  void wait(std::int64_t) override {
    woken.lock().wait_for(std::chrono::milliseconds{10}, [](bool w) { return w; });
  }
  void wake() override {
    *woken.lock() = true;
    woken.notify_all();
  }

  void add(PublicationRow row) {
    row.sequence = static_cast<std::int64_t>(rows.size()) + 1;
    if (row.source.empty()) row.source = "order:" + std::to_string(row.sequence);
    rows.push_back(std::move(row));
  }

  bool away = false;
  bool record_fails = false;
  std::vector<PublicationRow> rows;
  /// Until it is false again, a question gets no answer.
  void hang(bool hangs) {
    *hanging.lock() = hangs;
    hanging.notify_all();
  }
  Guarded<bool> hanging{false};
  std::atomic<bool> asked{false};
  std::vector<PublishedRow> recorded;
  std::vector<GateNotice> withdrawn;
  std::vector<GateNotice> acts;
  Guarded<bool> woken{false};
};

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    turn_.reset();
    zones_.reset();
    gate_.reset();
    gate_ = std::move(*Gate::open({.folder = folder_.path(),
                                   .limits = {.adds_max = 5'000, .adds_free = 5'000},
                                   .good_name = is_good},
                                  clock_));
    SystemRng rng;
    zones_ =
        std::move(*ZoneSet::open({.folder = folder_.path(), .gate = gate_.get()}, clock_, rng));
    turn_.emplace(parts());
  }
  Publisher::Parts parts() {
    return {.zones = *zones_, .source = source_, .clock = clock_, .metrics = metrics_};
  }
  static std::optional<GoodName> is_good(std::string_view name, Scope, Basis) {
    if (!name.starts_with("tot")) return std::nullopt;
    return GoodName{.name = std::string{name}, .why = "popular", .orderable = true};
  }
  PublicationControl control() { return {*zones_, *gate_, clock_}; }
  bool is_blocked(std::string_view name, std::string_view zone = "orders-phishing") {
    return zones_->shown(test_zone(zone), test_name(name)).name;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  FakeSource source_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublisherTurn> turn_;
};

// Nobody is told that an order is published before it is for everybody (ADR 0307).
TEST_F(PublisherTest, AnOrderOnTrialIsToldWhenEverybodyHasIt) {
  source_.add({.name = "tot.example"});
  turn_->run();
  const auto id = gate_->held().front().id;
  const auto both = [&](auto act) {
    static_cast<void>(act(Hand{.place = Hand::Place::account, .who = "an"}));
    return act(Hand{.place = Hand::Place::account, .who = "binh"});
  };
  ASSERT_TRUE(both([&](const Hand& hand) {
    return control().release({.id = id, .course = Course::in_stages}, hand);
  }));
  turn_->run();
  EXPECT_TRUE(is_blocked("tot.example", "trial-own-phishing"));
  EXPECT_TRUE(source_.recorded.empty());
  // The publisher mends what a crash left between gate and zones.
  ASSERT_TRUE(gate_->widen_trial(id));
  open();
  EXPECT_FALSE(is_blocked("tot.example", "trial-partner-phishing"));
  turn_->run();
  EXPECT_TRUE(is_blocked("tot.example", "trial-partner-phishing"));
  EXPECT_TRUE(source_.recorded.empty());
  ASSERT_TRUE(both([&](const Hand& hand) { return control().advance(id, hand); }));
  turn_->run();
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].zone, "orders-phishing.rpz.khien.");
  EXPECT_FALSE(is_blocked("tot.example", "trial-own-phishing"));
}

TEST_F(PublisherTest, AppliesInOrderAndReportsTheSerial) {
  source_.add({.name = "xau.example"});
  source_.add({.basis = Basis::emergency, .category = Category::fraud, .name = "gap.example"});
  EXPECT_FALSE(turn_->run());
  EXPECT_TRUE(is_blocked("xau.example"));
  EXPECT_TRUE(is_blocked("gap.example", "emergency"));
  ASSERT_EQ(source_.recorded.size(), 2U);
  EXPECT_EQ(source_.recorded[0].zone, "orders-phishing.rpz.khien.");
  EXPECT_EQ(source_.recorded[0].serial, 2U);
  EXPECT_EQ(source_.recorded[1].sequence, 2);

  source_.add({.kind = ChangeKind::remove, .source = "order:1", .name = "xau.example"});
  turn_->run();
  EXPECT_FALSE(is_blocked("xau.example"));
  EXPECT_EQ(source_.recorded.back().serial, 3U);
}

TEST_F(PublisherTest, WhatWasAppliedButNotReportedIsReportedLater) {
  source_.add({.name = "xau.example"});
  source_.record_fails = true;
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  source_.record_fails = false;
  open();  // killed in between
  turn_->run();
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].sequence, 1);
  EXPECT_EQ(zones_->serial(test_zone()), 2U);  // applied once
}

TEST_F(PublisherTest, OneRefusedRowHoldsUpNobodyAndIsNotReported) {
  source_.add({.name = "vn"});
  source_.add({.basis = Basis::orders, .category = Category::choice_ads, .name = "qc.example"});
  source_.add({.name = "xau.example"});
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].sequence, 3);
}

TEST_F(PublisherTest, OrdersLapseWithTheDatabaseAway) {
  source_.add({.name = "xau.example", .until_ms = clock_.now_ms() + 5'000});
  turn_->run();
  source_.away = true;
  clock_.advance(4'500);
  EXPECT_EQ(turn_->wait_ms(), 500);
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  clock_.advance(500);
  turn_->run();
  EXPECT_FALSE(is_blocked("xau.example"));
}

TEST_F(PublisherTest, AStopHoldsBlocksBackAndNeitherLapsesNorLifts) {
  source_.add({.name = "xau.example", .until_ms = clock_.now_ms() + 5'000});
  source_.add({.name = "nham.example"});
  turn_->run();
  ASSERT_TRUE(control().stop("", {}).has_value());
  source_.add({.name = "te.example"});
  source_.add({.kind = ChangeKind::remove, .source = "order:2", .name = "nham.example"});
  clock_.advance(5'000);
  turn_->run();
  EXPECT_FALSE(is_blocked("te.example"));
  EXPECT_FALSE(is_blocked("xau.example"));
  EXPECT_FALSE(is_blocked("nham.example"));
  EXPECT_EQ(source_.recorded.back().sequence, 4);  // the lift is told, the held block is not
  EXPECT_EQ(source_.recorded.size(), 3U);
  open();
  ASSERT_TRUE(gate_->resume("*").has_value());
  turn_->run();
  EXPECT_TRUE(is_blocked("te.example"));
  EXPECT_EQ(source_.recorded.back().sequence, 3);
}

TEST_F(PublisherTest, AHeldOrderIsNotToldAsPublishedUntilItIs) {
  source_.add({.name = "tot.example"});
  source_.add({.name = "tot.example", .two_signers = true});  // another order, for the same name
  turn_->run();
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].sequence, 2);
  open();  // killed; it reads nothing again, and the held one is still there
  turn_->run();
  const auto id = gate_->held().front().id;
  ASSERT_TRUE(control().release({.id = id}, {Hand::Place::account, "an"}).has_value());
  ASSERT_TRUE(control().release({.id = id}, {Hand::Place::account, "binh"}).has_value());
  source_.away = true;
  turn_->run();
  source_.away = false;
  turn_->run();
  turn_->run();
  ASSERT_EQ(source_.recorded.size(), 2U);
  EXPECT_EQ(source_.recorded[1].sequence, 1);
  EXPECT_EQ(source_.recorded[1].serial, zones_->serial(test_zone()));
}

TEST_F(PublisherTest, ARollbackIsToldWhenTheDatabaseIsThereAgain) {
  source_.add({.name = "xau.example"});
  source_.add({.name = "nham.example"});
  turn_->run();
  source_.away = true;
  ASSERT_TRUE(control().roll_back({.zone = "orders-phishing", .serial = 1, .reason = "nhầm"}, {}));
  turn_->run();
  EXPECT_FALSE(is_blocked("nham.example"));
  open();
  turn_->run();
  EXPECT_TRUE(source_.withdrawn.empty());
  source_.away = false;
  turn_->run();
  turn_->run();
  ASSERT_EQ(source_.withdrawn.size(), 2U);
  EXPECT_EQ(source_.withdrawn[1].source, "order:2");
  EXPECT_EQ(source_.withdrawn[1].serial, 1U);
  EXPECT_TRUE(gate_->notices(1).empty());
  // The case suspends its order, which removes it: nothing waits any more.
  source_.add({.kind = ChangeKind::remove, .source = "order:1", .name = "xau.example"});
  source_.add({.kind = ChangeKind::remove, .source = "order:2", .name = "nham.example"});
  turn_->run();
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(PublisherTest, TheLogIsToldOfTheOperatorsActsOnceTheDatabaseIsThere) {
  source_.add({.name = "cu.example"});
  turn_->run();
  const auto serial_before = *zones_->serial(test_zone());
  source_.add({.name = "xau.example"});
  turn_->run();
  source_.away = true;
  const Hand operator_{.who = "uid 0"};
  const Hand officer{.place = Hand::Place::account, .who = "an"};
  ASSERT_TRUE(control().roll_back({.zone = "orders-phishing.rpz.khien", .serial = serial_before},
                                  operator_));
  ASSERT_TRUE(control().resume("orders-phishing", operator_));
  ASSERT_TRUE(control().stop("", operator_));
  ASSERT_TRUE(control().resume("", officer)) << "its leaf is the API's";
  EXPECT_FALSE(control().resume("orders-phishing", operator_)) << "what was refused is no act";
  ASSERT_TRUE(control().release({.id = gate_->held().front().id}, operator_));
  turn_->run();
  open();
  source_.away = false;
  turn_->run();
  std::vector<std::string> told;
  for (const auto& act : source_.acts) {
    told.push_back(act.name + " " + act.zone + " " + act.source + " " + act.reason);
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "publication.rolled_back orders-phishing uid-0 ",
                      "publication.resumed orders-phishing uid-0 ", "publication.stopped * uid-0 ",
                      "publication.released orders-phishing uid-0 rolled_back"}));
  EXPECT_EQ(source_.acts[0].serial, serial_before);
  EXPECT_EQ(source_.acts[3].sequence, 1) << "one name";
  turn_->run();
  EXPECT_EQ(source_.acts.size(), 4U);
}

// The database does not even refuse: the operator's hand needs nobody but the zones.
TEST_F(PublisherTest, TheOperatorIsHeardWhileTheDatabaseHangs) {
  source_.add({.name = "nham.example"});
  turn_->run();
  source_.asked = false;
  source_.hang(true);
  const Publisher publisher{parts()};
  while (!source_.asked) std::this_thread::yield();
  PublicationControl hand = control();
  const auto server = ControlServer::start(folder_.path(), hand);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  const auto rolled = ask_publisher(
      folder_.path(), {.command = ControlCommand::rollback, .zone = "orders-phishing", .serial = 1},
      clock_);
  ASSERT_TRUE(rolled.has_value()) << rolled.error().message;
  EXPECT_EQ(rolled->integer_at("withdrawn"), 1);
  EXPECT_FALSE(is_blocked("nham.example"));
  source_.hang(false);
}

TEST_F(PublisherTest, ManyRowsTakeSeveralTurns) {
  for (int i = 0; i < publications_a_turn + 1; ++i) {
    source_.add({.name = "n" + std::to_string(i) + ".example"});
  }
  EXPECT_TRUE(turn_->run());
  EXPECT_FALSE(turn_->run());
  EXPECT_EQ(zones_->applied_sequence(), publications_a_turn + 1);
  EXPECT_EQ(source_.recorded.size(), static_cast<std::size_t>(publications_a_turn + 1));
}

}  // namespace
}  // namespace khien::publish
