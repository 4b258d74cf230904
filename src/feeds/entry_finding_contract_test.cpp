// Entries that a recheck found to be no more: who decides, what time decides, and that they do not
// come back. On both engines, with real zones.
#include "feeds/entry_finding.h"

#include <gtest/gtest.h>

#include "cases/settings.h"
#include "feeds/feed_contract_test.h"
#include "feeds/set_publisher.h"

namespace khien::feeds {
namespace {

using cases::RecheckFinding;

class EntryFindings : public FeedContractTest {
 protected:
  void SetUp() override {
    FeedContractTest::SetUp();
    if (!IsSkipped()) open_zones("zones");
  }
  void TearDown() override {
    sets_.reset();
    zones_.reset();
    FeedContractTest::TearDown();
  }
  /// Zones in a folder of their own: a new one knows nothing but the database.
  void open_zones(const char* name) {
    sets_.reset();
    zones_.reset();
    zones_ = std::move(publish::ZoneSet::open({.folder = folder() / name}, clock_, rng_).value());
    sets_ = std::make_unique<SetPublisher>(db(), *zones_, clock_);
  }

  Feed in_force(const std::string& file, const std::string& text) {
    std::ofstream{folder() / file, std::ios::binary} << text;
    auto wanted = draft(file);
    wanted.valid_until_ms = clock_.now_ms() + 100 * ms_per_day;
    wanted.change_max_permyriad = 10'000;
    const auto feed = active(wanted);
    EXPECT_EQ(run(feed)->state, RunState::applied);
    publish();
    return now(feed);
  }
  void publish() {
    const auto published = sets_->publish();
    ASSERT_TRUE(published.has_value()) << published.error().message;
  }
  bool shows(std::string_view name) {
    return zones_
        ->shown(*publish::zone_for(Basis::feeds, Category::phishing),
                dns::Name::from_text(name).value())
        .name;
  }
  bool find(const Feed& feed, const std::string& name,
            RecheckFinding finding = RecheckFinding::dead) {
    auto found = db().transact([&](store::Transaction& tx) {
      return find_entry(tx, context_,
                        {.feed = feed.id,
                         .name = name,
                         .finding = finding,
                         .grounds = {.looks = 4, .since_ms = clock_.now_ms()}});
    });
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found.value_or(false);
  }
  std::vector<EntryFinding> entries(EntryState state) {
    auto page =
        db().read([&](store::Executor& executor) { return list_entries(executor, state, {}); });
    EXPECT_TRUE(page.has_value());
    return page->items;
  }
  template <typename Move>
  Result<EntryFinding> decide(Move what, std::int64_t id, std::string reason = "lý do") {
    return db().transact([&](store::Transaction& tx) {
      return what(tx, context_, EntryMove{.id = id, .actor = "duty", .reason = std::move(reason)});
    });
  }
  std::int64_t drop_due() {
    return *db().transact([&](store::Transaction& tx) { return drop_due_entries(tx, context_); });
  }

  std::unique_ptr<publish::ZoneSet> zones_;
  std::unique_ptr<SetPublisher> sets_;
};
INSTANTIATE_TEST_SUITE_P(Engines, EntryFindings, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(EntryFindings, NobodyDecidesSoItDropsAndNeverReturns) {
  const auto feed = in_force("a.txt", "chet.example\nsong.example\n");
  ASSERT_TRUE(find(feed, "chet.example"));
  EXPECT_FALSE(find(feed, "chet.example")) << "once";
  clock_.advance(cases::proposal_days_default * ms_per_day - 1);
  ASSERT_TRUE(run(feed).has_value());  // the source still lists it, and so do we
  publish();
  EXPECT_TRUE(shows("chet.example"));
  clock_.advance(1);
  publish();
  EXPECT_FALSE(shows("chet.example")) << "its date counts, not when somebody wrote it down";
  EXPECT_TRUE(shows("song.example"));
  EXPECT_EQ(drop_due(), 1);
  EXPECT_EQ(drop_due(), 0);
  EXPECT_EQ(leaves("feed.entries_dropped"), 1);

  // The source goes on listing it; a run, another list of names, a restart, zones made anew.
  std::ofstream{folder() / "a.txt", std::ios::binary}
      << "chet.example\nsong.example\nmoi.example\n";
  clock_.advance(ms_per_day);
  ASSERT_EQ(run(feed)->state, RunState::applied);
  publish();
  EXPECT_TRUE(shows("moi.example"));
  EXPECT_FALSE(shows("chet.example"));
  open_zones("zones");
  publish();
  EXPECT_FALSE(shows("chet.example"));
  open_zones("zones-made-anew");
  publish();
  EXPECT_TRUE(shows("song.example"));
  EXPECT_FALSE(shows("chet.example"));
  EXPECT_FALSE(find(feed, "chet.example")) << "dropped is dropped";
  ASSERT_TRUE(move(suspend_feed, now(feed), "duty").has_value());
  publish();
  ASSERT_TRUE(move(resume_feed, now(feed), "leader").has_value());
  publish();
  EXPECT_TRUE(shows("song.example"));
  EXPECT_FALSE(shows("chet.example"));

  // A new subscription is a new decision of two people.
  in_force("b.txt", "chet.example\n");
  EXPECT_TRUE(shows("chet.example"));
}

TEST_P(EntryFindings, APersonDropsAtOnceOrKeepsWithAReason) {
  const auto feed = in_force("a.txt", "mot.example\nhai.example\n");
  find(feed, "mot.example", RecheckFinding::parked);
  find(feed, "hai.example", RecheckFinding::parked);
  const auto open = entries(EntryState::open);
  ASSERT_EQ(open.size(), 2U);
  const auto& one = open[1];
  const auto& two = open[0];
  ASSERT_TRUE(decide(drop_entry, one.id).has_value());
  publish();
  EXPECT_FALSE(shows("mot.example"));
  EXPECT_EQ(decide(drop_entry, one.id).error().reason, "wrong_state");
  EXPECT_EQ(decide(keep_entry, two.id, "").error().reason, "feed_reason");
  ASSERT_TRUE(decide(keep_entry, two.id).has_value());
  EXPECT_EQ(decide(keep_entry, 999'999).error().code, ErrorCode::not_found);
  clock_.advance(2 * ms_per_day);
  EXPECT_FALSE(find(feed, "hai.example", RecheckFinding::parked)) << "kept this week";
  EXPECT_TRUE(find(feed, "hai.example", RecheckFinding::dead)) << "another finding";
  EXPECT_EQ(leaves("feed.entry_kept"), 1);
  publish();
  EXPECT_TRUE(shows("hai.example"));
}

TEST_P(EntryFindings, AliveAgainWithdrawsButAnotherOwnerStaysAndGoesSooner) {
  const auto feed = in_force("a.txt", "mot.example\n");
  const auto withdraw = [&] {
    return *db().transact([&](store::Transaction& tx) {
      return withdraw_entry(tx, context_, feed.id, "mot.example");
    });
  };
  EXPECT_FALSE(withdraw());
  find(feed, "mot.example");
  EXPECT_TRUE(withdraw());
  find(feed, "mot.example");
  ASSERT_TRUE(find(feed, "mot.example", RecheckFinding::reregistered));
  EXPECT_FALSE(withdraw());
  const auto open = entries(EntryState::open);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].lapses_at_ms, clock_.now_ms() + cases::reregistered_life_ms);
  clock_.advance(cases::reregistered_life_ms);
  EXPECT_EQ(drop_due(), 1);
}

// What nobody confirms ends, too: a source that cannot be read for a month.
TEST_P(EntryFindings, EntriesEndWhereNoRunConfirmsThem) {
  const auto feed = in_force("a.txt", "mot.example\n");
  EXPECT_EQ(feed.entries_until_ms, clock_.now_ms() + entries_life_ms);
  std::filesystem::remove(folder() / "a.txt");
  clock_.advance(entries_life_ms - 1);
  EXPECT_EQ(run(feed)->state, RunState::failed);
  publish();
  EXPECT_TRUE(shows("mot.example"));
  clock_.advance(1);
  publish();
  EXPECT_FALSE(shows("mot.example"));
  EXPECT_TRUE(
      *db().read([&](store::Executor& executor) { return any_over(executor, clock_.now_ms()); }));
  ASSERT_TRUE(
      db().transact([&](store::Transaction& tx) { return lapse_feeds(tx, context_); }).has_value());
  EXPECT_EQ(now(feed).state, FeedState::suspended);
  EXPECT_EQ(leaves("feed.suspended"), 1);
  // The source is back: only a person, and not the proposer, brings the list back.
  std::ofstream{folder() / "a.txt", std::ios::binary} << "mot.example\n";
  EXPECT_EQ(run(feed).error().reason, "wrong_state");
  EXPECT_EQ(move(resume_feed, now(feed), "analyst").error().reason, "own_feed");
  ASSERT_TRUE(move(resume_feed, now(feed), "leader").has_value());
  publish();
  EXPECT_TRUE(shows("mot.example"));
}

TEST_P(EntryFindings, HasALimitAndForgetsWhatIsOver) {
  const auto feed = in_force("a.txt", "mot.example\nhai.example\n");
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return tx.execute(
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                        "WHERE i < 100000) "
                        "INSERT INTO feed_entry (feed_id, name, finding, looks, since_ms, server, "
                        "state, found_at_ms, lapses_at_ms, decided_at_ms) "
                        "SELECT $1, 'n' || i || '.example', 'dead', 3, 1, '', 'dropped', 1, 2, 2 "
                        "FROM n",
                        {feed.id});
                  })
                  .has_value());
  const auto refused = db().transact([&](store::Transaction& tx) {
    return find_entry(
        tx, context_,
        {.feed = feed.id, .name = "mot.example", .finding = RecheckFinding::dead, .grounds = {}});
  });
  EXPECT_EQ(refused.error().reason, "entry_findings_max");
  publish();
  EXPECT_TRUE(shows("mot.example"));
  ASSERT_TRUE(move(end_feed, now(feed), "duty").has_value());
  const auto tidied =
      db().transact([&](store::Transaction& tx) { return tidy_entries(tx, context_); });
  EXPECT_EQ(*tidied, entries_tidied_max);
}

// A month of findings, people and timers that come or do not, in a seeded order.
TEST_P(EntryFindings, ModelNothingStaysPastItsDate) {
  SeededRng dice{26};
  std::string text;
  for (int i = 0; i < 12; ++i) text += "n" + std::to_string(i) + ".example\n";
  const auto feed = in_force("a.txt", text);
  for (int hour = 0; hour < 24 * 40 && !HasFailure(); ++hour) {
    clock_.advance(ms_per_hour);
    if (hour % 24 == 0) {
      ASSERT_TRUE(run(feed).has_value());
    }
    const auto name = "n" + std::to_string(dice.below(12)) + ".example";
    if (dice.below(30) == 0) {
      find(feed, name, static_cast<RecheckFinding>(dice.below(4)));
    } else if (dice.below(60) == 0) {
      ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                        return withdraw_entry(tx, context_, feed.id, name);
                      })
                      .has_value());
    } else if (dice.below(60) == 0) {
      const auto open = entries(EntryState::open);
      if (!open.empty()) {
        ASSERT_TRUE(decide(keep_entry, open[dice.below(open.size())].id).has_value());
      }
    }
    if (dice.below(2) == 0) drop_due();
    publish();
    // Whoever wrote it down or not: nothing of what is past its date is served.
    const auto out = *db().read(
        [&](store::Executor& executor) { return out_of_force(executor, clock_.now_ms()); });
    for (const auto& gone : out) EXPECT_FALSE(shows(gone.name)) << gone.name << " hour " << hour;
  }
  EXPECT_FALSE(entries(EntryState::dropped).empty());
}

}  // namespace
}  // namespace khien::feeds
