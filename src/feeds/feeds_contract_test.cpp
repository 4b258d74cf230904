// The life of a subscription on every engine: proposed by one, approved by another, run, stopped by
// the breaker, released, suspended, lapsed; and what reaches the zones.
#include "feeds/feed_contract_test.h"
#include "feeds/set_publisher.h"
#include "publish/publication_control.h"

namespace khien::feeds {
namespace {

using FeedContract = FeedContractTest;
INSTANTIATE_TEST_SUITE_P(Engines, FeedContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(FeedContract, TwoPeopleDecide) {
  const auto feed = propose(draft());
  ASSERT_TRUE(feed.has_value()) << feed.error().message;
  EXPECT_EQ(feed->state, FeedState::proposed);
  EXPECT_EQ(run(*feed).error().reason, "wrong_state");
  EXPECT_EQ(move(approve_feed, *feed, "analyst").error().reason, "own_feed");
  const auto approved = move(approve_feed, *feed, "leader");
  ASSERT_TRUE(approved.has_value()) << approved.error().message;
  EXPECT_EQ(approved->state, FeedState::active);
  EXPECT_EQ(move(approve_feed, *feed, "leader").error().reason, "stale_version");
  EXPECT_EQ(move(approve_feed, *approved, "leader").error().reason, "wrong_state");
  EXPECT_EQ(leaves("feed.proposed"), 1);
  EXPECT_EQ(leaves("feed.approved"), 1);
  auto forced = db().transact([&](store::Transaction& tx) {
    return tx.execute("UPDATE feed SET approved_by = proposed_by WHERE id = $1", {feed->id});
  });
  EXPECT_EQ(forced.error().reason, "constraint");
}

TEST_P(FeedContract, RefusesBadProposals) {
  const auto reason = [&](auto change) {
    auto wanted = draft();
    change(wanted);
    const auto feed = propose(wanted);
    return feed ? std::string{"accepted"} : feed.error().reason;
  };
  EXPECT_EQ(reason([](FeedDraft& d) { d.name = " "; }), "feed_name");
  EXPECT_EQ(reason([](FeedDraft& d) { d.reason = ""; }), "feed_reason");
  EXPECT_EQ(reason([](FeedDraft& d) { d.entries_max = 0; }), "feed_entries_max");
  EXPECT_EQ(reason([](FeedDraft& d) { d.entries_max = entries_max_max + 1; }), "feed_entries_max");
  EXPECT_EQ(reason([](FeedDraft& d) { d.change_max_permyriad = 10'001; }), "feed_change_max");
  EXPECT_EQ(reason([](FeedDraft& d) { d.interval_s = 10; }), "feed_interval");
  EXPECT_EQ(reason([](FeedDraft& d) { d.valid_until_ms = 0; }), "feed_valid_until");
  EXPECT_EQ(reason([](FeedDraft& d) { d.valid_until_ms += feed_life_max_ms; }), "feed_valid_until");
  for (const char* source : {"http://a.example/x", "ftp://a.example", "/etc/passwd", "../x",
                             "a/../b", ".hidden", "", "https://", "file:///etc/passwd"}) {
    EXPECT_EQ(reason([&](FeedDraft& d) { d.source = source; }), "feed_source") << source;
  }
  EXPECT_EQ(reason([](FeedDraft& d) { d.source = "https://lists.example/a.txt"; }), "accepted");
}

TEST_P(FeedContract, ARunAcceptsAndCounts) {
  write("xau.example\nhai.example\ngoogle.com\nxau.example\n");
  const auto feed = active(draft());
  const auto first = run(feed);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->state, RunState::applied) << first->problem_message;
  EXPECT_EQ(first->counts.added, 2U);
  EXPECT_EQ(first->counts.refused_reasons.at("never_block"), 1U);
  EXPECT_EQ(now(feed).entries, 2);
  EXPECT_EQ(now(feed).set_hash, first->set_hash);
  EXPECT_EQ(run(feed)->state, RunState::unchanged);
  EXPECT_EQ(leaves("feed.changed"), 1);
  const auto runs =
      db().read([&](store::Executor& executor) { return list_runs(executor, feed.id, 0, 10); });
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ((*runs)[1].counts.refused_reasons.at("never_block"), 1U);
}

TEST_P(FeedContract, TheBreakerStopsForAPerson) {
  std::string list;
  for (int i = 0; i < 200; ++i) list += "n" + std::to_string(i) + ".example\n";
  write(list);
  const auto feed = active(draft());
  ASSERT_EQ(run(feed)->state, RunState::applied);

  for (int i = 0; i < 100; ++i) list += "moi" + std::to_string(i) + ".example\n";
  write(list);
  const auto held = run(feed);
  EXPECT_EQ(held->state, RunState::stopped);
  EXPECT_EQ(held->problem_reason, "change_too_large");
  const auto stopped = now(feed);
  EXPECT_EQ(stopped.state, FeedState::stopped);
  EXPECT_EQ(stopped.entries, 200);
  EXPECT_EQ(run(feed).error().reason, "wrong_state");

  EXPECT_EQ(move(resume_feed, stopped, "analyst").error().reason, "own_feed");
  const auto released = move(resume_feed, stopped, "leader");
  ASSERT_TRUE(released.has_value()) << released.error().message;
  EXPECT_EQ(released->state, FeedState::active);
  EXPECT_EQ(released->entries, 300);
  EXPECT_EQ(released->set_hash, held->set_hash);
}

// A known list that also names good ones: they stay out, and nothing else changes.
TEST_P(FeedContract, GoodNamesAmongKnownOnesStayOut) {
  write("xau.example\n");
  const auto feed = active(draft());
  ASSERT_EQ(run(feed)->state, RunState::applied);
  write("xau.example\n" + good_names(800));
  const auto drill = run(feed);
  EXPECT_EQ(drill->state, RunState::unchanged);
  EXPECT_EQ(drill->counts.refused, 800U);
  EXPECT_EQ(now(feed).entries, 1);
}

TEST_P(FeedContract, OnePersonEndsAFeedForGood) {
  write("xau.example\n");
  const auto feed = active(draft());
  ASSERT_EQ(run(feed)->state, RunState::applied);
  const auto ended = move(end_feed, now(feed), "analyst");  // the proposer too: ending is easy
  ASSERT_TRUE(ended.has_value()) << ended.error().message;
  EXPECT_EQ(ended->state, FeedState::lapsed);
  EXPECT_EQ(leaves("feed.ended"), 1);
  EXPECT_EQ(move(resume_feed, *ended, "leader").error().reason, "wrong_state");
  EXPECT_EQ(move(end_feed, *ended, "leader").error().reason, "wrong_state");
  EXPECT_EQ(run(feed).error().reason, "wrong_state");
}

TEST_P(FeedContract, AProposalCanBeTakenBackOrTurnedDown) {
  const auto feed = propose(draft());
  EXPECT_EQ(db().transact([&](store::Transaction& tx) {
                  return end_feed(tx, context_,
                                  {.id = feed->id, .version = feed->version, .actor = "leader"});
                })
                .error()
                .reason,
            "feed_reason");
  const auto ended = move(end_feed, *feed, "leader");
  ASSERT_TRUE(ended.has_value()) << ended.error().message;
  EXPECT_EQ(move(approve_feed, *ended, "leader").error().reason, "wrong_state");
}

TEST_P(FeedContract, TheSameSourceTwiceIsASlip) {
  auto wanted = draft();
  wanted.valid_until_ms = clock_.now_ms() + 90 * ms_per_day;
  const auto first = propose(wanted);
  ASSERT_TRUE(first.has_value());
  const auto again = propose(wanted);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().reason, "feed_exists");
  auto other = wanted;
  other.category = Category::fraud;
  EXPECT_TRUE(propose(other).has_value());
  ASSERT_TRUE(move(end_feed, *first, "leader").has_value());
  EXPECT_TRUE(propose(wanted).has_value());
}

TEST_P(FeedContract, ASuccessorMayBeDecidedBeforeTheEnd) {
  auto wanted = draft();
  wanted.valid_until_ms = clock_.now_ms() + feed_renewal_ms + ms_per_day;
  ASSERT_TRUE(propose(wanted).has_value());
  ASSERT_FALSE(propose(wanted).has_value());
  clock_.advance(ms_per_day);
  EXPECT_TRUE(propose(draft()).has_value());
}

TEST_P(FeedContract, FailuresAreWrittenAndTriedAgain) {
  const auto feed = active(draft("https://lists.example/a.txt"));
  const auto failed = run(feed);
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->state, RunState::failed);
  EXPECT_EQ(failed->problem_code, "unavailable");
  EXPECT_EQ(now(feed).next_run_at_ms, clock_.now_ms() + run_retry_ms);
  const auto due = [&] {
    return db()
        .read([&](store::Executor& executor) { return due_feeds(executor, clock_.now_ms()); })
        ->size();
  };
  EXPECT_EQ(due(), 0U);
  clock_.advance(run_retry_ms);
  EXPECT_EQ(due(), 1U);

  fetch_ = [](const http::FetchRequest& request,
              const http::FetchSink& sink) -> Result<http::Fetched> {
    if (request.etag == "\"1\"") return http::Fetched{.changed = false, .etag = "\"1\""};
    const std::string body = "xau.example\n";
    if (auto taken = sink(as_bytes(body)); !taken) return tl::unexpected(taken.error());
    return http::Fetched{.etag = "\"1\""};
  };
  EXPECT_EQ(run(feed)->state, RunState::applied);
  EXPECT_EQ(run(feed)->state, RunState::unchanged);
  EXPECT_EQ(move(request_run, now(feed), "analyst")->etag, "");
}

TEST_P(FeedContract, FilesStayInTheirFolder) {
  std::error_code error;
  std::filesystem::create_symlink("/etc/hostname", folder() / "lien-ket.txt", error);
  ASSERT_FALSE(error);
  EXPECT_EQ(run(active(draft("lien-ket.txt")))->problem_reason, "feed_file");
  EXPECT_EQ(run(active(draft("khong-co.txt")))->problem_reason, "feed_file");
}

TEST_P(FeedContract, ADeadRunIsTakenOver) {
  write("xau.example\n");
  const auto feed = active(draft());
  auto left = db().transact([&](store::Transaction& tx) {
    return tx.execute(
        "INSERT INTO feed_run (feed_id, state, started_at_ms, set_hash, set_size, counts, "
        "problem_code, problem_reason, problem_message) VALUES ($1, 'running', $2, '', 0, '{}', "
        "'', '', '')",
        {feed.id, clock_.now_ms()});
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(run(feed).error().reason, "already_running");
  clock_.advance(run_abandoned_ms);
  EXPECT_EQ(run(feed)->state, RunState::applied);
}

TEST_P(FeedContract, ZonesHoldWhatIsInForce) {
  auto zones = publish::ZoneSet::open({.folder = folder() / "zones"}, clock_, rng_);
  ASSERT_TRUE(zones.has_value()) << zones.error().message;
  SetPublisher publisher{db(), **zones, clock_};
  const auto& zone = *publish::zone_for(Basis::feeds, Category::phishing);
  const auto names = [&] {
    for (const auto& status : (*zones)->status()) {
      if (status.zone == zone.id) return status.name_count;
    }
    return std::size_t{0};
  };
  write("xau.example\nhai.example\n");
  const auto feed = active(draft());
  ASSERT_EQ(run(feed)->state, RunState::applied);
  const auto first = publisher.publish();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  ASSERT_EQ(first->size(), 1U);
  const auto published = names();
  EXPECT_GE(published, 2U);
  EXPECT_TRUE(publisher.publish()->empty());

  const auto suspended = move(suspend_feed, now(feed), "duty");
  ASSERT_TRUE(suspended.has_value()) << suspended.error().message;
  ASSERT_TRUE(publisher.publish().has_value());
  EXPECT_EQ(names(), published - 2);
  ASSERT_TRUE(move(resume_feed, now(feed), "leader").has_value());
  ASSERT_TRUE(publisher.publish().has_value());
  EXPECT_EQ(names(), published);

  clock_.advance(31 * ms_per_day);
  const auto lapsed =
      db().transact([&](store::Transaction& tx) { return lapse_feeds(tx, context_); });
  EXPECT_EQ(lapsed->size(), 1U);
  ASSERT_TRUE(publisher.publish().has_value());
  EXPECT_EQ(names(), published - 2);
  EXPECT_EQ(move(resume_feed, now(feed), "leader").error().reason, "wrong_state");
  EXPECT_EQ(leaves("feed.lapsed"), 1);
}

class FeedZones : public FeedContractTest {
 protected:
  void SetUp() override {
    FeedContractTest::SetUp();
    if (IsSkipped()) return;
    zones_ =
        std::move(publish::ZoneSet::open({.folder = folder() / "zones"}, clock_, rng_).value());
  }
  void TearDown() override {
    zones_.reset();
    FeedContractTest::TearDown();
  }
  bool shows(const char* name) {
    return zones_
        ->shown(*publish::zone_for(Basis::feeds, Category::phishing),
                dns::Name::from_text(name).value())
        .name;
  }
  Feed in_force(const std::string& file, const std::string& text) {
    std::ofstream{folder() / file, std::ios::binary} << text;
    const auto feed = active(draft(file));
    EXPECT_EQ(run(feed)->state, RunState::applied);
    return now(feed);
  }

  std::unique_ptr<publish::ZoneSet> zones_;
};
INSTANTIATE_TEST_SUITE_P(Engines, FeedZones, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(FeedZones, TwoFeedsDoNotUndoEachOther) {
  SetPublisher publisher{db(), *zones_, clock_};
  const auto a = in_force("a.txt", "chung.example\nmot.example\n");
  in_force("b.txt", "chung.example\nhai.example\n");
  ASSERT_TRUE(publisher.publish().has_value());
  ASSERT_TRUE(move(end_feed, a, "duty").has_value());
  ASSERT_TRUE(publisher.publish().has_value());
  EXPECT_FALSE(shows("mot.example"));
  EXPECT_TRUE(shows("chung.example"));
  EXPECT_TRUE(shows("hai.example"));
}

// What the gate of the zones holds is tried again when a person has decided, and not before.
TEST_P(FeedZones, AHeldListComesWhenAPersonReleasesIt) {
  zones_.reset();
  const auto is_good = [](std::string_view name, publish::Scope, Basis) {
    using Good = std::optional<publish::GoodName>;
    return name == "tot.example" ? Good{{.name = "tot.example", .why = "w"}} : Good{};
  };
  const auto gate = std::move(
      publish::Gate::open({.folder = folder() / "zones", .good_name = is_good}, clock_).value());
  zones_ = std::move(
      publish::ZoneSet::open({.folder = folder() / "zones", .gate = gate.get()}, clock_, rng_)
          .value());
  SetPublisher publisher{db(), *zones_, clock_};
  const auto feed = in_force("a.txt", "mot.example\ntot.example\n");
  const auto first = publisher.publish();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  ASSERT_EQ(first->size(), 1U);
  EXPECT_EQ(first->front().held, 2U);
  EXPECT_FALSE(shows("mot.example"));
  EXPECT_TRUE(publisher.publish()->empty());  // it waits, and costs nothing
  publish::PublicationControl control{*zones_, *gate, clock_};
  const auto id = gate->held().front().id;
  for (const auto* who : {"an", "binh"}) {
    const publish::Hand hand{.place = publish::Hand::Place::account, .who = who};
    ASSERT_TRUE(control.release({.id = id}, hand).has_value());
  }
  ASSERT_EQ(publisher.publish()->size(), 1U);
  EXPECT_TRUE(shows("mot.example"));
  EXPECT_TRUE(shows("tot.example"));
  ASSERT_TRUE(move(end_feed, now(feed), "duty").has_value());
  ASSERT_TRUE(publisher.publish().has_value());
  EXPECT_FALSE(shows("mot.example"));
  zones_.reset();
}

// One damaged set must not keep another feed's names from being lifted.
TEST_P(FeedZones, ADamagedSetHoldsUpNobodyElse) {
  SetPublisher publisher{db(), *zones_, clock_};
  const auto good = in_force("a.txt", "mot.example\n");
  ASSERT_TRUE(publisher.publish().has_value());
  const auto damaged = in_force("b.txt", "hai.example\n");
  const auto late = in_force("c.txt", "ba.example\n");
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return tx.execute("UPDATE feed_set SET set_hash = 'x' WHERE feed_id = $1",
                                      {damaged.id});
                  })
                  .has_value());
  ASSERT_TRUE(move(suspend_feed, good, "duty").has_value());
  const auto published = publisher.publish();
  ASSERT_FALSE(published.has_value());
  EXPECT_EQ(published.error().code, ErrorCode::corrupt);
  EXPECT_FALSE(shows("mot.example"));
  EXPECT_FALSE(shows("hai.example"));
  EXPECT_TRUE(shows("ba.example"));
}

// Its date counts even if nobody could write it down.
TEST_P(FeedZones, AFeedPastItsDateLeavesTheZonesWithoutTheDatabase) {
  SetPublisher publisher{db(), *zones_, clock_};
  in_force("a.txt", "mot.example\n");
  ASSERT_TRUE(publisher.publish().has_value());
  ASSERT_TRUE(shows("mot.example"));
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return tx.execute("ALTER TABLE feed RENAME TO feed_away");
                  })
                  .has_value());
  clock_.advance(30 * ms_per_day);
  EXPECT_FALSE(publisher.publish().has_value());
  EXPECT_FALSE(shows("mot.example"));
}

}  // namespace
}  // namespace khien::feeds
