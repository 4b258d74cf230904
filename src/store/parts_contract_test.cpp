// Jobs, leases, wake-ups and search, on every engine.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "store/jobs.h"
#include "store/leases.h"
#include "store/search.h"
#include "store/testing/engine_fixture.h"

namespace khien::store {
namespace {

using std::chrono::milliseconds;

class PartsContract : public testing::EngineTest {
 protected:
  [[nodiscard]] bool enqueue(const JobDraft& draft) {
    auto queued = db().transact([&](Transaction& tx) { return enqueue_job(tx, clock_, draft); });
    EXPECT_TRUE(queued) << queued.error().message;
    return queued && *queued;
  }
  [[nodiscard]] std::optional<Job> claim(std::string_view kind = "capture") {
    auto job = claim_job(db(), clock_, kind, 60'000);
    EXPECT_TRUE(job) << job.error().message;
    return job ? *job : std::nullopt;
  }
  [[nodiscard]] Result<void> finish(const Job& job) {
    return db().transact([&](Transaction& tx) { return finish_job(tx, job); });
  }
  [[nodiscard]] JobCounts counts() {
    return *db().read([](Executor& executor) { return count_jobs(executor, "capture"); });
  }
  void put(std::string_view id, std::string_view text, std::string_view kind = "case") {
    auto done = db().transact([&](Transaction& tx) { return search_put(tx, kind, id, text); });
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] std::vector<std::string> find(std::string_view text,
                                              LastWord last_word = LastWord::prefix) {
    auto ids = db().read([&](Executor& executor) {
      return search(executor, {.kind = "case", .folded_text = text, .last_word = last_word});
    });
    EXPECT_TRUE(ids) << ids.error().message;
    return ids ? *ids : std::vector<std::string>{};
  }
  ManualClock clock_;
};
INSTANTIATE_TEST_SUITE_P(Engines, PartsContract, testing::for_each_engine(), testing::engine_name);

using Ids = std::vector<std::string>;

TEST_P(PartsContract, AJobIsClaimedOnceAndGoneWhenFinished) {
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "1"}));
  const auto job = claim();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->payload, "1");
  EXPECT_EQ(job->attempt, 1);
  EXPECT_FALSE(claim());
  EXPECT_FALSE(claim("other"));
  EXPECT_TRUE(finish(*job));
  EXPECT_EQ(counts().waiting, 0);
  EXPECT_EQ(finish(*job).error().reason, "lease_lost");
}

TEST_P(PartsContract, JobsComeInTheOrderTheyAreDue) {
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "later", .due_at_ms = clock_.now_ms() + 500}));
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "first"}));
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "second"}));
  EXPECT_EQ(claim()->payload, "first");
  EXPECT_EQ(claim()->payload, "second");
  EXPECT_FALSE(claim());
  clock_.advance(500);
  EXPECT_EQ(claim()->payload, "later");
}

TEST_P(PartsContract, ALiveDuplicateIsNotQueued) {
  const JobDraft draft{.kind = "capture", .payload = "1", .dedupe_key = "case 1"};
  EXPECT_TRUE(enqueue(draft));
  EXPECT_FALSE(enqueue(draft));
  const auto job = claim();
  ASSERT_TRUE(job);
  EXPECT_FALSE(enqueue(draft));
  ASSERT_TRUE(finish(*job));
  EXPECT_TRUE(enqueue(draft));
}

TEST_P(PartsContract, AFailedJobComesAgainLaterAndDiesAfterItsLastAttempt) {
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "1", .attempts_max = 2}));
  auto job = claim();
  ASSERT_TRUE(job);
  EXPECT_EQ(*fail_job(db(), clock_, *job, "no route"), JobFate::tried_again);
  EXPECT_FALSE(claim());
  clock_.advance(job_pause_first_ms);
  job = claim();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->attempt, 2);
  EXPECT_EQ(*fail_job(db(), clock_, *job, std::string(2'000, 'x')), JobFate::dead);
  clock_.advance(ms_per_day);
  EXPECT_FALSE(claim());
  EXPECT_EQ(counts().dead, 1);
  EXPECT_EQ(counts().waiting, 0);
}

TEST_P(PartsContract, AVanishedWorkerLosesItsLease) {
  ASSERT_TRUE(enqueue({.kind = "capture", .payload = "1", .attempts_max = 2}));
  const auto first = claim();
  clock_.advance(60'000);
  const auto second = claim();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(finish(*first).error().reason, "lease_lost");
  EXPECT_EQ(fail_job(db(), clock_, *first, "late").error().reason, "lease_lost");
  clock_.advance(60'000);
  EXPECT_FALSE(claim());  // both attempts are used up
  EXPECT_EQ(counts().dead, 1);
}

TEST_P(PartsContract, DeadJobsAreListedRevivedAndForgotten) {
  const JobDraft draft{.kind = "capture", .payload = "7", .dedupe_key = "k", .attempts_max = 1};
  ASSERT_TRUE(enqueue(draft));
  ASSERT_EQ(*fail_job(db(), clock_, *claim(), "no route"), JobFate::dead);
  const auto list = [&] {
    return *db().read([](Executor& executor) { return list_dead_jobs(executor, "capture", 10); });
  };
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list().front().payload, "7");
  EXPECT_EQ(list().front().why, "no route");
  ASSERT_TRUE(enqueue(draft));  // a live one with the same key does not stand in the way
  const auto revive = [&](std::string_view kind) {
    return *db().transact([&](Transaction& tx) { return revive_dead_jobs(tx, clock_, kind); });
  };
  EXPECT_EQ(revive("other"), 0);
  EXPECT_EQ(revive("capture"), 1);
  EXPECT_EQ(counts().waiting, 2);
  EXPECT_EQ(*fail_job(db(), clock_, *claim(), "again"), JobFate::dead);
  EXPECT_EQ(*fail_job(db(), clock_, *claim(), "again"), JobFate::dead);
  const auto forget = [&](InstantMs until_ms) {
    return *db().transact(
        [&](Transaction& tx) { return forget_dead_jobs(tx, "capture", until_ms); });
  };
  EXPECT_EQ(forget(clock_.now_ms() - 1), 0);
  EXPECT_EQ(forget(clock_.now_ms()), 2);
  EXPECT_TRUE(list().empty());
}

TEST_P(PartsContract, ManyWorkersShareJobsWithoutLossOrRepetition) {
  constexpr int job_count = 60;
  auto queued = db().transact([&](Transaction& tx) -> Result<int> {
    for (int i = 0; i < job_count; ++i) {
      auto one = enqueue_job(tx, clock_, {.kind = "capture", .payload = std::to_string(i)});
      if (!one) return propagate(std::move(one).error(), "enqueue");
    }
    return job_count;
  });
  ASSERT_TRUE(queued) << queued.error().message;
  Guarded<std::multiset<std::string>> seen;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (auto job = claim()) {
        seen.lock()->insert(job->payload);
        EXPECT_TRUE(finish(*job));
      }
    });
  }
  for (auto& worker : workers) worker.join();
  const auto all = *seen.lock();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(job_count));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  EXPECT_EQ(counts().waiting, 0);
}

TEST_P(PartsContract, AQueueAndAPayloadHaveAMaximum) {
  auto large = db().transact([&](Transaction& tx) {
    return enqueue_job(tx, clock_,
                       {.kind = "capture", .payload = std::string(job_payload_size_max + 1, 'x')});
  });
  EXPECT_EQ(large.error().code, ErrorCode::limit_exceeded);
  auto filled = db().transact([&](Transaction& tx) {
    return tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
        " INSERT INTO job (kind, payload, attempts_max, created_at_ms, due_at_ms)"
        " SELECT 'capture', 'x', 1, 0, 0 FROM n",
        {jobs_waiting_max});
  });
  ASSERT_TRUE(filled) << filled.error().message;
  Error refusal;
  for (std::int64_t i = 0; i < job_count_stride && refusal.reason.empty(); ++i) {
    auto one = db().transact(
        [&](Transaction& tx) { return enqueue_job(tx, clock_, {.kind = "capture"}); });
    if (!one) refusal = one.error();
  }
  EXPECT_EQ(refusal.reason, "queue_full");
}

TEST_P(PartsContract, OneHolderHasALeaseUntilItEnds) {
  const auto take = [&](std::string_view holder) {
    return *take_lease(db(), clock_, "sequencer", holder, 10'000);
  };
  const auto first = take("a");
  ASSERT_TRUE(first);
  EXPECT_FALSE(take("b"));
  clock_.advance(9'000);
  EXPECT_EQ(take("a")->token, first->token);  // renewed
  clock_.advance(9'000);
  EXPECT_FALSE(take("b"));
  clock_.advance(1'000);
  const auto second = take("b");
  ASSERT_TRUE(second);
  EXPECT_GT(second->token, first->token);
  const auto confirm = [&](const Lease& lease) {
    return db().transact([&](Transaction& tx) { return confirm_lease(tx, lease); });
  };
  EXPECT_TRUE(confirm(*second));
  EXPECT_EQ(confirm(*first).error().reason, "lease_lost");
  ASSERT_TRUE(give_up_lease(db(), *first));  // no longer ours to give
  EXPECT_FALSE(take("c"));
  ASSERT_TRUE(give_up_lease(db(), *second));
  EXPECT_TRUE(take("c"));
}

TEST_P(PartsContract, AWakeUpComesWithTheCommitAndOnlyThen) {
  const auto waiting = db().subscribe("orders");
  const auto other = db().subscribe("other");
  (void)waiting->wait(milliseconds{300});  // the listener may say hello when it connects
  (void)other->wait(milliseconds{0});
  auto refused = db().transact([](Transaction& tx) -> Result<int> {
    tx.notify("orders");
    return fail(ErrorCode::denied, "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_FALSE(waiting->wait(milliseconds{20}));
  ASSERT_TRUE(db().transact([](Transaction& tx) -> Result<int> {
    tx.notify("orders");
    return 1;
  }));
  EXPECT_TRUE(waiting->wait(milliseconds{5'000}));
  EXPECT_FALSE(other->wait(milliseconds{20}));
}

TEST_P(PartsContract, WakeUpsTravelBetweenProcessesOnPostgresql) {
  if (GetParam() == Engine::sqlite) GTEST_SKIP() << "processes on one SQLite file wait and look";
  auto second = Database::open(url());
  ASSERT_TRUE(second);
  const auto waiting = (*second)->subscribe("orders");
  // Notified again and again, because we cannot know when the listener has connected.
  bool heard = false;
  for (int i = 0; i < 50 && !heard; ++i) {
    ASSERT_TRUE(db().transact([](Transaction& tx) -> Result<int> {
      tx.notify("orders");
      return 1;
    }));
    heard = waiting->wait(milliseconds{200});
  }
  EXPECT_TRUE(heard);
}

TEST_P(PartsContract, SearchFindsWordsAndBeginnings) {
  put("1", "ngan hang a chau lua dao");
  put("2", "ngan khanh, nganhang.example/dang-nhap");
  put("3", "ngan hang khac", "report");
  EXPECT_EQ(find("ngan"), (Ids{"2", "1"}));
  EXPECT_EQ(find("hang ngan", LastWord::whole), (Ids{"1"}));
  EXPECT_EQ(find("nganh"), (Ids{"2"}));
  EXPECT_EQ(find("nganh", LastWord::whole), Ids{});
  EXPECT_EQ(find("nhap dang"), (Ids{"2"}));
  EXPECT_EQ(find("NGAN HANG", LastWord::whole), (Ids{"1"}));
  EXPECT_EQ(find("ng han"), Ids{});  // only the last word may go on
  EXPECT_EQ(find(""), Ids{});
  EXPECT_EQ(find(" .,- "), Ids{});
}

TEST_P(PartsContract, SearchReplacesAndForgets) {
  put("1", "cu");
  put("1", "moi");
  EXPECT_EQ(find("cu"), Ids{});
  EXPECT_EQ(find("moi"), (Ids{"1"}));
  ASSERT_TRUE(db().transact([](Transaction& tx) { return search_remove(tx, "case", "1"); }));
  EXPECT_EQ(find("moi"), Ids{});
  put("2", "");
  EXPECT_EQ(find("moi"), Ids{});
}

// What is syntax to one engine or the other is text to us.
TEST_P(PartsContract, SearchTakesHostileQueriesAsText) {
  put("1",
      "near or and not a:b \"c\" 'd' \\ & | ! ( ) * \xE1\xBA\xA5y \xE2\x80\x93 \xF0\x9F\x9B\xA1");
  for (const auto* query :
       {"\"", "'", "a:b", "NEAR(", "not", "AND", "OR or", "c\" OR \"x", "d':*", "!", "\\", "a & b",
        "* near", "\xE1\xBA\xA5", "\xF0\x9F\x9B\xA1", "-near"}) {
    const auto ids = find(query);
    EXPECT_LE(ids.size(), 1U) << query;
  }
  EXPECT_EQ(find("a:b"), (Ids{"1"}));
  EXPECT_EQ(find("\xE1\xBA\xA5"), (Ids{"1"}));
  EXPECT_EQ(find("c OR x"), Ids{});
}

TEST_P(PartsContract, SearchHasMaxima) {
  const std::string word(3 * search_word_size_max, 'w');
  put("1", word + " w " + std::string(search_text_size_max, 'y') + " beyond");
  EXPECT_EQ(find(word, LastWord::whole), (Ids{"1"}));
  EXPECT_EQ(find("beyond"), Ids{});
  std::string many;
  for (int i = 0; i < 100; ++i) many += "w ";
  EXPECT_EQ(find(many), (Ids{"1"}));
  std::string accents;  // the cut falls inside a character
  for (int i = 0; i < 40; ++i) accents += "\xE1\xBA\xA5";
  put("2", accents);
  EXPECT_EQ(find(accents, LastWord::whole), (Ids{"2"}));
}

// The same records and queries on either engine, from one seed, against a plain reference.
TEST_P(PartsContract, SearchAgreesWithAPlainReference) {
  constexpr std::uint64_t seed = 20'260'101;
  SeededRng rng{seed};
  const std::vector<std::string> vocabulary{"ngan", "nganh", "hang", "ha", "lua", "dao", "đ", "a1"};
  std::vector<std::set<std::string>> records;
  auto filled = db().transact([&](Transaction& tx) -> Result<int> {
    for (int i = 0; i < 40; ++i) {
      std::string text;
      std::set<std::string> words;
      for (std::uint64_t n = rng.below(6); n > 0; --n) {
        const auto& word = vocabulary[rng.below(vocabulary.size())];
        text += word + (rng.below(2) == 0 ? "-" : " , ");
        words.insert(word);
      }
      records.push_back(words);
      auto done = search_put(tx, "case", std::string(1, static_cast<char>('0' + i)), text);
      if (!done) return propagate(std::move(done).error(), "put");
    }
    return 1;
  });
  ASSERT_TRUE(filled) << filled.error().message;
  for (int round = 0; round < 60; ++round) {
    const auto& whole = vocabulary[rng.below(vocabulary.size())];
    const auto& last = vocabulary[rng.below(vocabulary.size())];
    Ids expected;
    for (std::size_t i = records.size(); i-- > 0;) {
      const bool has_last = std::any_of(records[i].begin(), records[i].end(),
                                        [&](const auto& word) { return word.starts_with(last); });
      if (records[i].contains(whole) && has_last) {
        expected.emplace_back(1, static_cast<char>('0' + static_cast<int>(i)));
      }
    }
    EXPECT_EQ(find(whole + " " + last), expected)
        << "seed " << seed << ": " << whole << ' ' << last;
  }
}

TEST_P(PartsContract, AWatchedLeaseIsSeizedOnlyAsItWasSeen) {
  const auto find = [&] {
    return *db().read([](Executor& executor) { return find_lease(executor, "publisher"); });
  };
  const auto seize = [&](const std::optional<Lease>& seen, std::string_view holder) {
    auto taken = db().transact_queue(
        [&](Transaction& tx) { return seize_lease(tx, clock_, seen, "publisher", holder, 2'500); });
    EXPECT_TRUE(taken) << taken.error().message;
    return taken ? *taken : std::nullopt;
  };
  EXPECT_FALSE(find());
  const auto first = seize({}, "a/1");
  ASSERT_TRUE(first);
  EXPECT_FALSE(seize({}, "b/1"));  // it is not free any more
  const auto seen = find();
  clock_.advance(800);
  const auto renewed = renew_lease(db(), clock_, *first, 2'500);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->token, first->token);
  EXPECT_FALSE(seize(seen, "b/1"));  // it was renewed while b watched
  const auto second = seize(find(), "b/1");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->token, first->token + 1);
  // The one before can neither renew nor write, even once the new one has let go.
  EXPECT_EQ(renew_lease(db(), clock_, *renewed, 2'500).error().reason, "lease_lost");
  ASSERT_TRUE(give_up_lease(db(), *second));
  EXPECT_EQ(find()->until_ms, 0);
  EXPECT_EQ(renew_lease(db(), clock_, *renewed, 2'500).error().reason, "lease_lost");
}

}  // namespace
}  // namespace khien::store
