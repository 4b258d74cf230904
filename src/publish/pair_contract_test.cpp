// Two publishers on one database, turn by turn: who leads, what the other one has, and that no
// serial ever stands for two contents.
#include "publish/pair.h"

#include <gtest/gtest.h>

#include "base/testing/full_disk.h"
#include "dns/serial.h"
#include "publish/agreement.h"
#include "publish/publication_control.h"
#include "publish/testing.h"
#include "store/testing/engine_fixture.h"

namespace khien::publish {
namespace {

constexpr std::string_view phishing = "orders-phishing";

/// One publisher, which can be killed (its folder stays) and started again.
class Node {
 public:
  Node(std::string name, std::filesystem::path folder, const std::string& url, ManualClock& clock)
      : name_(std::move(name)), folder_(std::move(folder)), url_(url), clock_(clock) {
    start();
  }

  void start() {
    SystemRng rng;
    auto database = store::Database::open(url_);
    ASSERT_TRUE(database.has_value());
    database_ = std::move(*database);
    auto gate = Gate::open({.folder = folder_}, clock_);
    ASSERT_TRUE(gate.has_value());
    gate_ = std::move(*gate);
    auto zones = ZoneSet::open({.folder = folder_, .gate = gate_.get()}, clock_, rng);
    ASSERT_TRUE(zones.has_value()) << zones.error().message;
    zones_ = std::move(*zones);
    auto joined = join({});
    ASSERT_TRUE(joined.has_value()) << joined.error().message;
    pair_ = std::move(*joined);
  }
  [[nodiscard]] Result<std::unique_ptr<Pair>> join(std::string keys) {
    return Pair::join({.database = *database_,
                       .zones = *zones_,
                       .gate = *gate_,
                       .clock = clock_,
                       .metrics = metrics_},
                      {.name = name_,
                       .start = std::to_string(++starts_),
                       .address = "192.0.2.1",
                       .keys = std::move(keys),
                       .serial_block = block,
                       .frames_per_copy = 20,
                       .frames_kept = kept});
  }
  /// Everything in memory goes without a word.
  void kill() {
    pair_.reset();
    zones_.reset();
    gate_.reset();
    database_.reset();
  }
  void stop() {
    pair_->step_down();
    kill();
  }

  /// Turns until there is nothing more to do at once.
  void settle() {
    for (int i = 0; i < 1'000 && pair_->turn(); ++i) {
    }
  }
  Result<Applied> add(std::string_view name, InstantMs until_ms = 0) {
    return zones_->apply(std::array{
        Change{.zone = phishing, .name = name, .source = "order:1", .until_ms = until_ms}});
  }
  [[nodiscard]] bool has(std::string_view name) {
    return zones_->shown(test_zone(), test_name(name)).name;
  }
  [[nodiscard]] std::uint32_t serial() { return *zones_->serial(test_zone()); }
  [[nodiscard]] PairRole role() { return pair_->role(); }
  [[nodiscard]] ZoneSet& zones() { return *zones_; }
  [[nodiscard]] Gate& gate() { return *gate_; }
  [[nodiscard]] Pair& pair() { return *pair_; }
  [[nodiscard]] store::Database& database() { return *database_; }
  [[nodiscard]] PublicationControl control() { return {*zones_, *gate_, clock_}; }

  static constexpr std::uint32_t block = 500;
  static constexpr std::int64_t kept = 30;

 private:
  std::string name_;
  std::filesystem::path folder_;
  std::string url_;
  ManualClock& clock_;
  Metrics metrics_;
  int starts_ = 0;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<Pair> pair_;
};

class PairContract : public store::testing::EngineTest {
 protected:
  std::vector<store::ModuleMigrations> modules() const override {
    return {{"publish", publish::migrations()}};
  }
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    a_ = std::make_unique<Node>("a", folder() / "a", url(), clock_);
    a_->settle();
    b_ = std::make_unique<Node>("b", folder() / "b", url(), clock_);
    both();
  }
  void TearDown() override {
    a_.reset();
    b_.reset();
    EngineTest::TearDown();
  }
  /// Each turns until neither has more to do, some turns apart, as the threads do.
  void both(int rounds = 4) {
    for (int i = 0; i < rounds; ++i) {
      clock_.advance(pair_renew_ms);
      a_->settle();
      b_->settle();
    }
  }
  /// `node` turns while the other one is silent.
  void alone_for(Node& node, std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += pair_look_ms) {
      clock_.advance(pair_look_ms);
      node.settle();
    }
  }
  /// From now on the database answers nobody: its tables are elsewhere.
  void take_database_away() { administer("ALTER TABLE lease RENAME TO lease_away"); }
  void bring_database_back() { administer("ALTER TABLE lease_away RENAME TO lease"); }
  void administer(std::string_view sql) {
    auto done = db().transact([&](store::Transaction& tx) { return tx.execute(sql); });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  void expect_same() {
    EXPECT_EQ(a_->zones().place(), b_->zones().place());
    for (const ZoneFacts& zone : all_zones()) {
      EXPECT_EQ(a_->zones().serial(zone), b_->zones().serial(zone)) << zone.id;
      const auto sorted = [&](Node& node) {
        std::vector<std::string> held;
        for (const auto& one : node.zones().holdings_in(zone)) {
          held.push_back(one.name + " " + one.source);
        }
        std::ranges::sort(held);
        return held;
      };
      EXPECT_EQ(sorted(*a_), sorted(*b_)) << zone.id;
    }
  }

  ManualClock clock_;
  std::unique_ptr<Node> a_;
  std::unique_ptr<Node> b_;
};
INSTANTIATE_TEST_SUITE_P(Engines, PairContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(PairContract, OneLeadsAndTheOtherFollowsEachBatch) {
  EXPECT_EQ(a_->role(), PairRole::leads);
  EXPECT_EQ(b_->role(), PairRole::follows);
  ASSERT_TRUE(a_->add("xau.example").has_value());
  ASSERT_TRUE(a_->add("xau-hon.example").has_value());
  const auto refused = b_->add("khac.example");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "other_leads");
  EXPECT_NE(refused.error().message.find("\"a\" leads"), std::string::npos);
  b_->settle();
  EXPECT_TRUE(b_->has("xau-hon.example"));
  expect_same();
  // What IXFR needs came along.
  EXPECT_NE(b_->zones().read_steps(test_zone(), b_->serial() - 1), nullptr);
}

TEST_P(PairContract, ABatchIsInTheDatabaseBeforeAnybodySeesIt) {
  ASSERT_TRUE(a_->add("xau.example").has_value());
  auto view = db().read([&](store::Executor& ex) { return look_at_pair(ex, 0); });
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->head, a_->zones().place());
}

TEST_P(PairContract, AKilledLeaderIsFollowedByTheOtherWithinItsLease) {
  ASSERT_TRUE(a_->add("xau.example").has_value());
  b_->settle();
  const auto before = b_->serial();
  a_->kill();
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);
  EXPECT_EQ(b_->role(), PairRole::leads);
  // Above all that the killed one may have shown without the database.
  EXPECT_TRUE(dns::serial_before(before + 3 * Node::block, b_->serial()));
  const auto taken_over = b_->serial();
  ASSERT_TRUE(b_->add("moi.example").has_value());
  EXPECT_EQ(b_->serial(), taken_over + 1);

  a_->start();
  both();
  EXPECT_EQ(a_->role(), PairRole::follows);
  expect_same();
  // And back: serials only go up.
  b_->kill();
  alone_for(*a_, pair_lease_ms + 2 * pair_look_ms);
  EXPECT_EQ(a_->role(), PairRole::leads);
  EXPECT_TRUE(dns::serial_before(taken_over + 1, a_->serial()));
  EXPECT_TRUE(a_->has("moi.example"));
}

TEST_P(PairContract, AStoppedLeaderHandsOverAtOnceWithoutAJump) {
  ASSERT_TRUE(a_->add("xau.example").has_value());
  const auto before = a_->serial();
  a_->stop();
  b_->settle();
  EXPECT_EQ(b_->role(), PairRole::leads);
  EXPECT_EQ(b_->serial(), before);
  a_->start();
  alone_for(*b_, pair_unheard_ms + pair_look_ms);  // it was not silent, but stopped
  EXPECT_EQ(b_->serial(), before);
}

TEST_P(PairContract, ALeaderThatIsRestartedGoesOnWithItsOwnSerials) {
  ASSERT_TRUE(a_->add("xau.example").has_value());
  const auto before = a_->serial();
  a_->kill();
  a_->start();
  a_->settle();
  EXPECT_EQ(a_->role(), PairRole::leads);
  EXPECT_EQ(a_->serial(), before);
}

TEST_P(PairContract, ThePausedLeaderFindsItsLeaseGoneAndChangesNothing) {
  ASSERT_TRUE(a_->add("xau.example").has_value());
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);
  ASSERT_EQ(b_->role(), PairRole::leads);
  const auto serial = a_->serial();
  const auto late = a_->add("muon.example");
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().reason, "other_leads");
  EXPECT_EQ(a_->serial(), serial);
  both();
  EXPECT_EQ(a_->role(), PairRole::follows);
  expect_same();
}

TEST_P(PairContract, WithoutTheDatabaseBothLapseUnderSerialsOfTheirOwn) {
  const auto until_ms = clock_.now_ms() + 20'000;
  ASSERT_TRUE(a_->add("het-han.example", until_ms).has_value());
  b_->settle();
  const auto shared = a_->serial();
  take_database_away();
  clock_.advance(pair_alone_ms);
  EXPECT_EQ(a_->pair().duty(), PublisherDuty::everything);
  EXPECT_EQ(b_->pair().duty(), PublisherDuty::lapses);
  ASSERT_TRUE(a_->zones().lapse().has_value());
  ASSERT_TRUE(b_->zones().lapse().has_value());
  EXPECT_FALSE(a_->has("het-han.example"));
  EXPECT_FALSE(b_->has("het-han.example"));
  EXPECT_EQ(a_->serial(), shared + 1);
  EXPECT_EQ(b_->serial(), shared + Node::block);
  EXPECT_EQ(a_->role(), PairRole::leads_alone);
  EXPECT_EQ(b_->role(), PairRole::alone);
  // A person's act on the one that leads is above what the other one shows.
  ASSERT_TRUE(a_->control()
                  .roll_back({.zone = std::string{phishing}, .serial = shared - 1}, {})
                  .has_value());
  ASSERT_TRUE(a_->zones().begin_act().has_value());
  ASSERT_TRUE(a_->zones()
                  .apply(std::array{Change{.kind = ChangeKind::remove,
                                           .zone = phishing,
                                           .name = "gi-do.example",
                                           .source = "order:1"}})
                  .has_value());
  EXPECT_EQ(a_->serial(), shared + 2 * Node::block);

  bring_database_back();
  both(6);
  EXPECT_EQ(a_->role(), PairRole::leads);
  EXPECT_EQ(b_->role(), PairRole::follows);
  // Followers may have either's; both are above them now.
  EXPECT_TRUE(dns::serial_before(shared + 2 * Node::block, a_->serial() + 1));
  expect_same();
}

TEST_P(PairContract, OneThatLapsedAloneLeadsOnWhereTheLeaderIsLostWithTheDatabase) {
  ASSERT_TRUE(a_->add("het-han.example", clock_.now_ms() + 20'000).has_value());
  b_->settle();
  const auto shared = b_->serial();
  take_database_away();
  a_->kill();
  clock_.advance(pair_alone_ms);
  ASSERT_EQ(b_->pair().duty(), PublisherDuty::lapses);
  ASSERT_TRUE(b_->zones().lapse().has_value());
  EXPECT_EQ(b_->serial(), shared + Node::block);
  bring_database_back();
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);
  ASSERT_EQ(b_->role(), PairRole::leads);
  EXPECT_FALSE(b_->has("het-han.example"));
  EXPECT_TRUE(dns::serial_before(shared + 3 * Node::block, b_->serial()));
  a_->start();
  both();
  EXPECT_EQ(a_->role(), PairRole::follows);
  expect_same();
}

TEST_P(PairContract, WhatTheLeaderDidAloneGivesWayWhereTheOtherHasLedSince) {
  ASSERT_TRUE(a_->add("chung.example").has_value());
  b_->settle();
  take_database_away();
  ASSERT_TRUE(a_->add("mot-minh.example").has_value());  // as a person's release does
  ASSERT_EQ(a_->role(), PairRole::leads_alone);
  const auto alone = a_->serial();
  bring_database_back();
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);  // a is still cut off
  ASSERT_EQ(b_->role(), PairRole::leads);
  EXPECT_TRUE(dns::serial_before(alone, b_->serial()));
  both(6);
  EXPECT_EQ(a_->role(), PairRole::follows);
  EXPECT_FALSE(a_->has("mot-minh.example"));
  expect_same();
  // The folder agrees: after a restart, too.
  a_->kill();
  a_->start();
  both();
  expect_same();
}

TEST_P(PairContract, OneThatWasCutOffIsPassedAndComesBack) {
  const auto until_ms = clock_.now_ms() + 10'000;
  ASSERT_TRUE(a_->add("het-han.example", until_ms).has_value());
  b_->settle();
  const auto shared = b_->serial();
  // b reaches neither database nor anybody; a misses it, and goes above what b will show alone.
  both(1);
  alone_for(*a_, pair_unheard_ms + pair_look_ms);
  clock_.advance(pair_alone_ms - pair_unheard_ms);
  ASSERT_EQ(b_->pair().duty(), PublisherDuty::lapses);
  ASSERT_TRUE(b_->zones().lapse().has_value());
  EXPECT_EQ(b_->serial(), shared + Node::block);
  a_->settle();
  ASSERT_TRUE(a_->zones().lapse().has_value());
  EXPECT_TRUE(dns::serial_before(shared + 2 * Node::block - 1, a_->serial()));
  both(6);
  EXPECT_EQ(b_->role(), PairRole::follows);
  expect_same();
}

TEST_P(PairContract, TheSerialsOfOneAloneAreBounded) {
  take_database_away();
  Result<Applied> last{};
  std::uint32_t made = 0;
  for (; made < 2 * Node::block; ++made) {
    last = a_->add("x" + std::to_string(made % 7) + ".example");
    if (!last) break;
  }
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().reason, "serials_used_up");
  EXPECT_EQ(made, Node::block - pair_serial_gap - 1);
}

TEST_P(PairContract, OneThatIsFarBehindTakesACopyAndThenFrames) {
  b_->stop();
  for (int i = 0; i < 90; ++i) {
    ASSERT_TRUE(a_->add("ten-" + std::to_string(i) + ".example").has_value());
    if (i % 30 == 0) alone_for(*a_, 6'000);
  }
  alone_for(*a_, 6'000);
  auto kept = db().read(
      [](store::Executor& ex) { return ex.query_one("SELECT count(*) FROM zone_frame"); });
  ASSERT_TRUE(kept.has_value());
  EXPECT_LE((**kept).integer(0), Node::kept + 20);
  b_->start();
  both(6);
  EXPECT_EQ(b_->role(), PairRole::follows);
  expect_same();
  ASSERT_TRUE(a_->add("sau-cung.example").has_value());
  b_->settle();
  EXPECT_TRUE(b_->has("sau-cung.example"));
  expect_same();
}

TEST_P(PairContract, WhatWaitsAtTheGateWaitsAtBoth) {
  ASSERT_TRUE(a_->control().stop("", {.who = "uid 0"}).has_value());
  const auto held = a_->add("cho.example");
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->held.size(), 1U);
  b_->settle();
  EXPECT_TRUE(b_->gate().holds(phishing, "order:1", "cho.example"));
  EXPECT_EQ(b_->gate().stopped(), a_->gate().stopped());
  const auto refused = b_->control().resume("", {.who = "uid 0"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "other_leads");

  a_->kill();
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);
  ASSERT_EQ(b_->role(), PairRole::leads);
  ASSERT_TRUE(b_->control().resume("", {.who = "uid 0"}).has_value());
  ASSERT_TRUE(b_->control().bring_resumed().has_value());
  EXPECT_TRUE(b_->has("cho.example"));
  a_->start();
  both();
  EXPECT_TRUE(a_->gate().stopped().empty());
  expect_same();
}

TEST_P(PairContract, WhoTakesOverGoesOnWithWhatIsOnTrial) {
  ASSERT_TRUE(a_->add("thu.example").has_value());
  ASSERT_TRUE(a_->control().roll_back({.zone = std::string{phishing}, .serial = 1}, {}));
  ASSERT_TRUE(a_->control().resume(std::string{phishing}, {}));
  const auto id = a_->gate().held().front().id;
  ASSERT_EQ(a_->control().release({.id = id, .course = Course::in_stages}, {}),
            PublicationControl::Released::on_trial);
  both();
  expect_same();
  const auto shown = [&](std::string_view zone) {
    return b_->zones().shown(test_zone(zone), test_name("thu.example")).name;
  };
  EXPECT_TRUE(shown("trial-own-phishing"));
  EXPECT_EQ(b_->control().advance(id, {}).error().reason, "other_leads");
  a_->kill();
  alone_for(*b_, pair_lease_ms + 2 * pair_look_ms);
  ASSERT_EQ(b_->role(), PairRole::leads);
  ASSERT_EQ(b_->control().advance(id, {}), PublicationControl::Released::on_trial);
  EXPECT_TRUE(shown("trial-partner-phishing"));
  ASSERT_EQ(b_->control().advance(id, {}), PublicationControl::Released::served);
  EXPECT_TRUE(b_->has("thu.example"));
  EXPECT_FALSE(shown("trial-own-phishing"));
  a_->start();
  both(6);
  expect_same();
  EXPECT_TRUE(a_->gate().held().empty());
}

TEST_P(PairContract, AStopWithoutTheDatabaseReachesTheOtherLater) {
  take_database_away();
  ASSERT_TRUE(a_->control().stop("", {.who = "uid 0"}).has_value());
  EXPECT_EQ(a_->role(), PairRole::leads_alone);
  bring_database_back();
  both();
  EXPECT_FALSE(b_->gate().stopped().empty());
}

TEST_P(PairContract, OtherKeysAreRefused) {
  b_->kill();
  Node c{"c", folder() / "c", url(), clock_};
  c.kill();
  administer("UPDATE zone_member SET key_digests = 'seal=11' WHERE name = 'a'");
  c.start();  // without keys there is nothing to compare
  const auto same = c.join("seal=11");
  EXPECT_TRUE(same.has_value());
  const auto other = c.join("lists=22\nseal=33");
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().reason, "keys_differ");
  EXPECT_NE(other.error().message.find("(seal)"), std::string::npos);
}

TEST_P(PairContract, AKillAtAnyTimeLosesNothingAndReusesNoSerial) {
  SystemRng rng;
  const auto seed = rng.next_u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRng dice{seed};
  // By serial, what the zone held when either showed it.
  std::map<std::uint32_t, std::set<std::string>> shown;
  std::set<std::string> accepted;
  const auto look = [&](Node& node) {
    std::set<std::string> names;
    for (const auto& one : node.zones().holdings_in(test_zone())) names.insert(one.name);
    const auto [known, is_new] = shown.try_emplace(node.serial(), names);
    EXPECT_TRUE(is_new || known->second == names) << "serial " << node.serial();
  };
  int name = 0;
  for (int round = 0; round < 25; ++round) {
    Node* leader = a_->role() == PairRole::leads ? a_.get() : b_.get();
    Node* other = leader == a_.get() ? b_.get() : a_.get();
    ASSERT_EQ(leader->role(), PairRole::leads);
    for (std::uint64_t i = dice.below(4); i > 0; --i) {
      const auto text = "ten-" + std::to_string(name++) + ".example";
      ASSERT_TRUE(leader->add(text).has_value());
      accepted.insert(text);
      look(*leader);
      if (dice.below(2) == 0) other->settle();
      look(*other);
    }
    if (dice.below(3) == 0) {  // it goes on alone for a while first
      take_database_away();
      ASSERT_TRUE(leader->zones().jump({}).has_value());
      ASSERT_TRUE(leader->add("mot-minh.example").has_value());
      look(*leader);
      bring_database_back();
    }
    leader->kill();
    const bool same_again = dice.below(3) == 0;
    if (same_again) {
      leader->start();
      leader->settle();
    }
    alone_for(*other, pair_lease_ms + 2 * pair_look_ms);
    look(*other);
    if (!same_again) leader->start();
    both(6);
    look(*a_);
    look(*b_);
    expect_same();
  }
  Node& last = *a_;
  for (const auto& text : accepted) EXPECT_TRUE(last.has(text)) << text;
}

}  // namespace
}  // namespace khien::publish
