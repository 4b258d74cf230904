// The life of a subscription on every engine: proposed by one, approved by another, run, stopped by
// the breaker, released, suspended, lapsed; and what reaches the zones.
#include <gtest/gtest.h>

#include <fstream>

#include "cases/impact.h"
#include "feeds/runner.h"
#include "feeds/schema.h"
#include "feeds/set_publisher.h"
#include "feeds/subscriptions.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::feeds {
namespace {

const cases::ImpactData& data() {
  static const auto loaded = [] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return cases::ImpactData::load(std::span{&shipped, 1}, {});
  }();
  return *loaded;
}

class FeedContract : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = ledger::migrations()},
            {.module = "feeds", .migrations = migrations()}};
  }

  FeedDraft draft(std::string source = "danh-sach.txt") {
    return {.name = "Danh sách mẫu",
            .source = std::move(source),
            .category = Category::phishing,
            .scope = cases::Scope::domain,
            .entries_max = 1'000,
            .valid_until_ms = clock_.now_ms() + 30 * ms_per_day,
            .reason = "Nguồn đã được kiểm tra"};
  }

  Result<Feed> propose(const FeedDraft& wanted) {
    return db().transact(
        [&](store::Transaction& tx) { return propose_feed(tx, context_, wanted, "analyst"); });
  }

  template <typename F>
  Result<Feed> move(F what, const Feed& feed, std::string actor) {
    return db().transact([&](store::Transaction& tx) {
      return what(tx, context_,
                  Move{.id = feed.id,
                       .version = feed.version,
                       .actor = std::move(actor),
                       .reason = "lý do"});
    });
  }

  Feed active(const FeedDraft& wanted) {
    auto feed = move(approve_feed, *propose(wanted), "leader");
    EXPECT_TRUE(feed.has_value());
    return *feed;
  }

  Feed now(const Feed& feed) {
    return *db().read([&](store::Executor& executor) { return find_feed(executor, feed.id); });
  }

  Result<FeedRun> run(const Feed& feed) {
    return run_feed({.database = db(),
                     .context = context_,
                     .impact = data(),
                     .feed_folder = folder(),
                     .fetch = fetch_},
                    feed.id);
  }

  void write(const std::string& text) {
    std::ofstream{folder() / "danh-sach.txt", std::ios::binary} << text;
  }

  std::int64_t leaves(const std::string& type) {
    auto row = db().read([&](store::Executor& executor) {
      return executor.query_one("SELECT count(*) FROM ledger_leaf WHERE entry LIKE $1",
                                {"%\"type\":\"" + type + "\"%"});
    });
    return row ? (*row)->integer(0) : -1;
  }

  ManualClock clock_;
  SeededRng rng_{3};
  Context context_{clock_, rng_};
  Fetch fetch_ = [](const http::FetchRequest&, const http::FetchSink&) -> Result<http::Fetched> {
    return fail(ErrorCode::unavailable, "no network in tests");
  };
};
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

// Denmark 2012: thousands of good names in the file. None of them may reach a resolver.
TEST_P(FeedContract, AFileOfGoodNamesIsHeld) {
  write("xau.example\n");
  const auto feed = active(draft());
  ASSERT_EQ(run(feed)->state, RunState::applied);
  std::ifstream good{KHIEN_SOURCE_DIR "/data/popularity/majestic-10k.txt"};
  std::string list = "xau.example\n";
  std::string line;
  for (int i = 0; i < 800 && std::getline(good, line);) {
    if (line.starts_with('#')) continue;
    list += line + "\n";
    ++i;
  }
  write(list);
  const auto drill = run(feed);
  EXPECT_EQ(drill->state, RunState::unchanged);  // every good name is refused, nothing is left
  EXPECT_GE(drill->counts.refused, 800U);
  EXPECT_EQ(now(feed).entries, 1);
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
  SetPublisher publisher{db(), **zones};
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

}  // namespace
}  // namespace khien::feeds
