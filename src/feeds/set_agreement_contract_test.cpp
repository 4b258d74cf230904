// Lists in register, ledger and zones, on both engines and with real zones: what agrees, and each
// way in which they can differ.
#include "feeds/set_agreement.h"

#include <gtest/gtest.h>

#include "feeds/feed_contract_test.h"
#include "ledger/testing/placing.h"
#include "publish/gate.h"

namespace khien::feeds {
namespace {

using publish::Difference;
using publish::DifferenceKind;
using Differences = std::vector<Difference>;

class SetsAgree : public FeedContractTest {
 protected:
  void SetUp() override {
    FeedContractTest::SetUp();
    if (IsSkipped()) return;
    publish::GateOptions gated{.folder = folder() / "zones"};
    std::filesystem::create_directories(gated.folder);
    gated.good_name = [](std::string_view name, publish::Scope,
                         Basis) -> std::optional<publish::GoodName> {
      if (name != "tot.example") return std::nullopt;
      return publish::GoodName{};
    };
    gate_ = std::move(publish::Gate::open(std::move(gated), clock_).value());
    auto opened =
        publish::ZoneSet::open({.folder = folder() / "zones", .gate = gate_.get()}, clock_, rng_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    zones_ = std::move(*opened);
    sets_ = std::make_unique<SetPublisher>(db(), *zones_, clock_);
    agreement_ = std::make_unique<SetAgreement>(SetAgreement::Parts{
        .database = db(), .zones = *zones_, .sets = *sets_, .clock = clock_, .rng = rng_});
  }
  void TearDown() override {
    agreement_.reset();
    sets_.reset();
    zones_.reset();
    gate_.reset();
    FeedContractTest::TearDown();
  }

  /// A list in force, in the zones and in the log.
  Feed in_force(const std::string& text) {
    write(text);
    const auto feed = active(draft());
    EXPECT_EQ(run(feed)->state, RunState::applied);
    settle();
    return now(feed);
  }
  void settle() {
    const auto published = sets_->publish();
    ASSERT_TRUE(published.has_value()) << published.error().message;
    const auto placed = ledger::testing::place_all_leaves(db());
    ASSERT_TRUE(placed.has_value()) << placed.error().message;
  }
  /// Somebody's hand in the database.
  void forced(const std::string& sql) {
    auto done = db().transact([&](store::Transaction& tx) { return tx.execute(sql); });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  /// A look, after the time that has to lie before it.
  Differences look() {
    clock_.advance(set_agreement_interval_ms);
    auto found = agreement_->compare();
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found.value_or(Differences{});
  }
  /// What two looks in a row find; the first of them tells nothing.
  Differences looked_twice() {
    EXPECT_EQ(look(), Differences{});
    return look();
  }
  void change(publish::ChangeKind kind, std::string_view zone, std::string_view name,
              const std::string& source, publish::Scope scope = publish::Scope::domain) {
    const publish::Change one{
        .kind = kind, .zone = zone, .name = name, .source = source, .scope = scope};
    const auto applied = zones_->apply(std::span{&one, 1});
    ASSERT_TRUE(applied.has_value() && applied->refused.empty() && applied->held.empty());
  }

  std::unique_ptr<publish::Gate> gate_;
  std::unique_ptr<publish::ZoneSet> zones_;
  std::unique_ptr<SetPublisher> sets_;
  std::unique_ptr<SetAgreement> agreement_;
};
INSTANTIATE_TEST_SUITE_P(Engines, SetsAgree, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SetsAgree, ThroughTheLifeOfALists) {
  auto feed = in_force("xau.example\nte.example\n*.ngoai.example\n");
  EXPECT_EQ(looked_twice(), Differences{});
  std::string longer = "xau.example\n";
  for (int i = 0; i < 100; ++i) longer += "moi" + std::to_string(i) + ".example\n";
  write(longer);
  ASSERT_EQ(run(feed)->state, RunState::stopped);
  settle();
  EXPECT_EQ(looked_twice(), Differences{}) << "the set that waits is not the accepted one";
  feed = *move(resume_feed, now(feed), "leader");
  settle();
  EXPECT_EQ(looked_twice(), Differences{});
  feed = *move(suspend_feed, now(feed), "leader");
  settle();
  EXPECT_EQ(looked_twice(), Differences{});
  feed = *move(resume_feed, now(feed), "leader");
  settle();
  EXPECT_EQ(looked_twice(), Differences{});
  clock_.advance(31 * ms_per_day);
  settle();
  EXPECT_EQ(looked_twice(), Differences{}) << "its date has passed and nobody has written it down";
}

TEST_P(SetsAgree, AMoveThatIsUnderWayIsNone) {
  const auto feed = in_force("xau.example\n");
  forced("UPDATE feed SET state = 'suspended'");
  EXPECT_EQ(look(), Differences{});
  forced("UPDATE feed SET state = 'active'");
  EXPECT_EQ(look(), Differences{});
  EXPECT_EQ(look(), Differences{});
}

TEST_P(SetsAgree, TellsWhatTheLedgerDoesNotSay) {
  const auto feed = in_force("xau.example\n");
  const auto source = "feed:" + feed.id.value;
  forced("UPDATE feed SET state = 'suspended'");
  settle();
  EXPECT_EQ(looked_twice(), (Differences{{DifferenceKind::only_in_ledger, source}}));
  forced("UPDATE feed SET state = 'active', set_hash = 'x'");
  forced("UPDATE feed_set SET set_hash = 'x'");
  EXPECT_FALSE(sets_->publish().has_value()) << "a set that is not its hash goes nowhere";
}

TEST_P(SetsAgree, TellsASetThatWasChangedByHandWithItsHash) {
  const auto feed = in_force("xau.example\n");
  exchange::NameSetBuilder builder;
  ASSERT_TRUE(builder.add({.host = "khac.example", .reach = exchange::Reach::domain}));
  exchange::SetCounts counts;
  const auto other = builder.build(counts);
  auto put = db().transact([&](store::Transaction& tx) -> Result<void> {
    for (auto done : {tx.execute("UPDATE feed_set SET names = $1, set_hash = $2",
                                 {other.write(), other.hash()}),
                      tx.execute("UPDATE feed SET set_hash = $1", {other.hash()})}) {
      if (!done) return tl::unexpected(std::move(done).error());
    }
    return {};
  });
  ASSERT_TRUE(put.has_value()) << put.error().message;
  settle();
  EXPECT_EQ(looked_twice(),
            (Differences{{DifferenceKind::ledger_says_otherwise, "feed:" + feed.id.value}}))
      << "register and zones agree with each other";
}

TEST_P(SetsAgree, TellsWhatTheZonesHoldOtherwise) {
  const auto feed = in_force("xau.example\nte.example\n");
  const auto source = "feed:" + feed.id.value;
  const auto holder = zone_source(feed.id, cases::Scope::domain);
  change(publish::ChangeKind::remove, "feeds-phishing", "te.example", holder);
  EXPECT_EQ(looked_twice(), (Differences{{DifferenceKind::served_otherwise, source}}));
  change(publish::ChangeKind::add, "feeds-phishing", "khac.example", holder);
  EXPECT_EQ(look(), (Differences{{DifferenceKind::served_otherwise, source}}))
      << "as many names, and others";
  change(publish::ChangeKind::remove, "feeds-phishing", "khac.example", holder);
  change(publish::ChangeKind::remove, "feeds-phishing", "xau.example", holder);
  look();
  EXPECT_EQ(look(), (Differences{{DifferenceKind::not_served, source}}));
}

TEST_P(SetsAgree, TellsWhatStandsWhereOnlyListsMay) {
  const auto feed = in_force("xau.example\n");
  change(publish::ChangeKind::add, "feeds-malware", "a.example", "order:01J");
  change(publish::ChangeKind::add, "feeds-malware", "b.example",
         zone_source(feed.id, cases::Scope::domain));
  change(publish::ChangeKind::add, "choice-ads", "c.example", "feed:01K:host");
  EXPECT_EQ(looked_twice(), (Differences{{DifferenceKind::not_in_register, "feed:01K"},
                                         {DifferenceKind::not_in_register, "feed:" + feed.id.value},
                                         {DifferenceKind::not_in_register, "order:01J"}}));
}

TEST_P(SetsAgree, LeavesOutWhatWaitsAtTheGate) {
  const auto feed = in_force("tot.example\nxau.example\n");
  EXPECT_TRUE(sets_->waits(feed.id));
  EXPECT_EQ(looked_twice(), Differences{});
}

TEST_P(SetsAgree, LeavesOutWhatNoZoneTakes) {
  const std::string long_name = std::string(60, 'a') + "." + std::string(60, 'b') + "." +
                                std::string(60, 'c') + "." + std::string(45, 'd') + ".example";
  const auto feed = in_force(long_name + "\nxau.example\n");
  ASSERT_EQ(feed.entries, 2);
  EXPECT_EQ(looked_twice(), Differences{});
}

}  // namespace
}  // namespace khien::feeds
