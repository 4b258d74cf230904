// What Database promises, on every engine.
#include "store/database.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <limits>
#include <thread>

#include "store/testing/engine_fixture.h"
#include "store/testing/postgresql_server.h"

namespace khien::store {
namespace {

constexpr std::array things{Migration{.number = 1, .name = "things", .sql = R"(
CREATE TABLE thing (
  id {int64} NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  content {octets},
  amount {int64},
  parent {int64} REFERENCES thing (id),
  CONSTRAINT thing_amount_positive CHECK (amount > 0)
) {strict};
CREATE TABLE diary (id {serial_key}, line TEXT NOT NULL, seq {int64}) {strict};
{no_update diary line}
{no_delete diary}
{refuse diary_seq_once|UPDATE OF seq ON diary|OLD.seq IS NOT NULL}
)"}};

class DatabaseContract : public testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<ModuleMigrations> modules() const override {
    return {{.module = "things", .migrations = things}};
  }
  [[nodiscard]] Result<std::int64_t> write(std::string_view sql,
                                           std::initializer_list<Value> values = {}) {
    return db().transact([&](Transaction& tx) { return tx.execute(sql, values); });
  }
  [[nodiscard]] Result<std::vector<Row>> rows(std::string_view sql,
                                              std::initializer_list<Value> values = {}) {
    return db().read([&](Executor& executor) { return executor.query(sql, values); });
  }
  [[nodiscard]] std::int64_t number(std::string_view sql) {
    auto found = rows(sql);
    return found && found->size() == 1 ? found->front().integer(0) : -1;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseContract, testing::for_each_engine(),
                         testing::engine_name);

constexpr std::string_view add_thing = "INSERT INTO thing (id, name) VALUES ($1, $2)";

TEST_P(DatabaseContract, KeepsEveryKindOfValue) {
  const std::int64_t large = std::numeric_limits<std::int64_t>::max();
  const Octets octets{0, 255, 0, 39, 92};
  auto added =
      write("INSERT INTO thing (id, name, content, amount, parent) VALUES ($1, $2, $3, $4, $5)",
            {std::numeric_limits<std::int64_t>::min(), "Ngân hàng 'Đ' \\ \"$1\"", octets, large,
             nullptr});
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(*added, 1);
  auto found = rows("SELECT id, name, content, amount, parent FROM thing");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  const Row& row = found->front();
  EXPECT_EQ(row.integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.text(1), "Ngân hàng 'Đ' \\ \"$1\"");
  EXPECT_EQ(row.octets(2), octets);
  EXPECT_EQ(row.integer(3), large);
  EXPECT_TRUE(row.is_null(4));
}

TEST_P(DatabaseContract, TellsEmptyFromNull) {
  ASSERT_TRUE(write("INSERT INTO thing (id, name, content) VALUES (1, $1, $2)", {"", Octets{}}));
  auto found = rows("SELECT name, content FROM thing");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().text(0), "");
  EXPECT_EQ(found->front().octets(1), Octets{});
}

// SQLite numbers parameters by first appearance; we bind by their number.
TEST_P(DatabaseContract, BindsParametersByNumberNotByOrder) {
  ASSERT_TRUE(write("INSERT INTO thing (name, id) VALUES ($2, $1)", {7, "seven"}));
  auto found = rows("SELECT $2 || $1 || $2 FROM thing WHERE id = $3", {"a", "b", 7});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->front().text(0), "bab");
}

TEST_P(DatabaseContract, RefusesAWrongNumberOfParameters) {
  EXPECT_EQ(write(add_thing, {1}).error().code, ErrorCode::internal);
  EXPECT_EQ(write(add_thing, {1, "a", 2}).error().code, ErrorCode::internal);
  EXPECT_EQ(write("INSERT INTO nowhere VALUES (1)").error().code, ErrorCode::internal);
}

TEST_P(DatabaseContract, RefusesTextThatIsNotUtf8) {
  auto refused = write(add_thing, {1, std::string_view{"a\0b", 3}});
  EXPECT_EQ(refused.error().reason, "bad_text");
  EXPECT_EQ(write(add_thing, {1, "\xFF"}).error().code, ErrorCode::invalid_argument);
}

TEST_P(DatabaseContract, NamesConstraintsAndNeverValues) {
  ASSERT_TRUE(write(add_thing, {1, "secret"}));
  auto duplicate = write(add_thing, {2, "secret"});
  ASSERT_FALSE(duplicate);
  EXPECT_EQ(duplicate.error().code, ErrorCode::conflict);
  EXPECT_EQ(duplicate.error().reason, "duplicate");
  EXPECT_EQ(duplicate.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(write(add_thing, {1, "other"}).error().reason, "duplicate");

  auto check = write("UPDATE thing SET amount = $1", {-5});
  EXPECT_EQ(check.error().reason, "constraint");
  EXPECT_NE(check.error().message.find("thing_amount_positive"), std::string::npos);
  EXPECT_EQ(write("UPDATE thing SET parent = $1", {99}).error().reason, "constraint");
  EXPECT_EQ(write(add_thing, {3, nullptr}).error().reason, "constraint");
}

TEST_P(DatabaseContract, TriggersKeepHistory) {
  ASSERT_TRUE(write("INSERT INTO diary (line) VALUES ('first')"));
  for (const auto* sql : {"UPDATE diary SET line = 'other'", "DELETE FROM diary"}) {
    auto refused = write(sql);
    ASSERT_FALSE(refused) << sql;
    EXPECT_EQ(refused.error().reason, "constraint") << sql;
    EXPECT_NE(refused.error().message.find("diary_no_"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_EQ(*write("UPDATE diary SET seq = 1"), 1);
  auto again = write("UPDATE diary SET seq = 2");
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("diary_seq_once"), std::string::npos);
  if (GetParam() == Engine::sqlite) {
    EXPECT_FALSE(write("INSERT OR REPLACE INTO diary (id, line) VALUES (1, 'x')"));
  } else {
    EXPECT_FALSE(write("TRUNCATE diary"));
  }
}

TEST_P(DatabaseContract, RollsBackWhenTheWorkFails) {
  auto outcome = db().transact([](Transaction& tx) -> Result<int> {
    if (auto added = tx.execute(add_thing, {1, "a"}); !added) {
      return propagate(std::move(added).error(), "add");
    }
    return fail(ErrorCode::denied, "changed our mind");
  });
  EXPECT_EQ(outcome.error().code, ErrorCode::denied);
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 0);
}

TEST_P(DatabaseContract, AFailedStatementDoomsTheTransaction) {
  ASSERT_TRUE(write(add_thing, {1, "a"}));
  auto outcome = db().transact([](Transaction& tx) -> Result<int> {
    EXPECT_FALSE(tx.execute(add_thing, {1, "a"}));
    auto second = tx.execute(add_thing, {2, "b"});
    EXPECT_EQ(second.error().reason, "duplicate");
    return 1;  // as if nothing had happened
  });
  EXPECT_EQ(outcome.error().reason, "duplicate");
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 1);
}

TEST_P(DatabaseContract, AnExpectedDuplicateIsNoFailure) {
  constexpr std::string_view sql =
      "INSERT INTO thing (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
  EXPECT_EQ(*write(sql, {1, "a"}), 1);
  EXPECT_EQ(*write(sql, {1, "a"}), 0);
}

TEST_P(DatabaseContract, ReadsRefuseWriting) {
  auto written =
      db().read([](Executor& executor) { return executor.execute(add_thing, {1, "a"}); });
  EXPECT_EQ(written.error().reason, "read_only");
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 0);
}

TEST_P(DatabaseContract, AReadIsOneSnapshot) {
  auto counts =
      db().read([this](Executor& executor) -> Result<std::pair<std::int64_t, std::int64_t>> {
        const auto count = [&] {
          return (*executor.query_one("SELECT count(*) FROM thing"))->integer(0);
        };
        const auto before = count();
        std::thread other{[this] { EXPECT_TRUE(write(add_thing, {1, "a"})); }};
        other.join();
        return std::pair{before, count()};
      });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->first, counts->second);
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 1);
}

TEST_P(DatabaseContract, RefusesATransactionInsideAnother) {
  auto outcome = db().transact([this](Transaction&) { return write(add_thing, {1, "a"}); });
  EXPECT_EQ(outcome.error().code, ErrorCode::internal);
}

TEST_P(DatabaseContract, RunsHooksAfterTheCommitAndOnlyThen) {
  int called = 0;
  const auto work = [&](bool good) {
    return db().transact([&](Transaction& tx) -> Result<int> {
      tx.after_commit([&] { called += static_cast<int>(number("SELECT count(*) FROM thing")); });
      if (auto added = tx.execute(add_thing, {1, "a"}); !added) return 0;
      if (!good) return fail(ErrorCode::denied, "no");
      return 1;
    });
  };
  EXPECT_FALSE(work(false));
  EXPECT_EQ(called, 0);
  EXPECT_TRUE(work(true));
  EXPECT_EQ(called, 1);
}

TEST_P(DatabaseContract, QueryOneRefusesTwoRows) {
  ASSERT_TRUE(write(add_thing, {1, "a"}));
  ASSERT_TRUE(write(add_thing, {2, "b"}));
  auto found =
      db().read([](Executor& executor) { return executor.query_one("SELECT id FROM thing"); });
  EXPECT_EQ(found.error().code, ErrorCode::internal);
}

TEST_P(DatabaseContract, CountsChangedRowsAndReturnsThem) {
  ASSERT_TRUE(write(add_thing, {1, "a"}));
  ASSERT_TRUE(write(add_thing, {2, "b"}));
  EXPECT_EQ(*write("UPDATE thing SET amount = 5"), 2);
  EXPECT_EQ(*write("UPDATE thing SET amount = 5 WHERE id = 9"), 0);
  auto returned = db().transact([](Transaction& tx) {
    return tx.query("UPDATE thing SET amount = amount + 1 WHERE id = $1 RETURNING amount", {2});
  });
  ASSERT_TRUE(returned) << returned.error().message;
  EXPECT_EQ(returned->front().integer(0), 6);
  EXPECT_EQ(number("SELECT sum(amount) FROM thing"), 11);
}

TEST_P(DatabaseContract, SortsAndMatchesTextTheSameWay) {
  int id = 0;
  for (const auto* name : {"b", "A", "a", "Đ", "d", "_", "%x"}) {
    ASSERT_TRUE(write(add_thing, {++id, name}));
  }
  auto sorted = rows("SELECT name FROM thing ORDER BY name");
  ASSERT_TRUE(sorted);
  std::string all;
  for (const Row& row : *sorted) all += row.text(0) + " ";
  EXPECT_EQ(all, "%x A _ a b d Đ ");
  EXPECT_EQ(number("SELECT count(*) FROM thing WHERE name LIKE 'a%'"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM thing WHERE name LIKE '!%%' ESCAPE '!'"), 1);
}

TEST_P(DatabaseContract, AnAnswerHasAMaximum) {
  constexpr std::string_view sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM "
      "n";
  auto most = rows(sql, {static_cast<std::int64_t>(answer_rows_max)});
  ASSERT_TRUE(most) << most.error().message;
  EXPECT_EQ(most->size(), answer_rows_max);
  EXPECT_EQ(rows(sql, {static_cast<std::int64_t>(answer_rows_max + 1)}).error().code,
            ErrorCode::limit_exceeded);
}

// Each adds what it has read: a lost update would show. On PostgreSQL the losers are begun again.
TEST_P(DatabaseContract, ConcurrentTransactionsLoseNothing) {
  constexpr int thread_count = 4;
  constexpr int rounds = 10;
  ASSERT_TRUE(write("INSERT INTO thing (id, name, amount) VALUES (1, 'a', 1)"));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        auto done = db().transact([](Transaction& tx) -> Result<std::int64_t> {
          auto row = tx.query_one("SELECT amount FROM thing WHERE id = 1");
          if (!row) return propagate(std::move(row).error(), "read");
          return tx.execute("UPDATE thing SET amount = $1 WHERE id = 1", {(*row)->integer(0) + 1});
        });
        if (!done) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(number("SELECT amount FROM thing"), 1 + thread_count * rounds - failures.load());
  EXPECT_EQ(failures.load(), 0);
}

// More statements than are kept compiled; every one still works, the first again at the end.
TEST_P(DatabaseContract, ForgetsOldStatements) {
  auto sum = db().read([](Executor& executor) -> Result<std::int64_t> {
    std::int64_t total = 0;
    for (int i = 0; i <= 300; ++i) {
      const auto sql = "SELECT " + std::to_string(i % 300) + " + $1";
      auto row = executor.query_one(sql, {1});
      if (!row) return propagate(std::move(row).error(), sql);
      total += (*row)->integer(0);
    }
    return total;
  });
  ASSERT_TRUE(sum) << sum.error().message;
  EXPECT_EQ(*sum, 300 * 299 / 2 + 300 + 1);
}

TEST_P(DatabaseContract, KeepsWhatWasCommittedAcrossARestart) {
  ASSERT_TRUE(write(add_thing, {1, "a"}));
  reopen();
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 1);
  EXPECT_TRUE(db().ping());
}

class DatabaseTimeout : public DatabaseContract {
  [[nodiscard]] DatabaseOptions options() const override { return {.statement_timeout_ms = 200}; }
};
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTimeout, testing::for_each_engine(),
                         testing::engine_name);

TEST_P(DatabaseTimeout, AStatementHasAMaximumTime) {
  auto endless = rows(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
      "SELECT count(*) FROM n");
  EXPECT_EQ(endless.error().code, ErrorCode::timeout) << endless.error().message;
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 0);
}

// A server that is stopped answers nothing, and its sockets stay open.
TEST_P(DatabaseTimeout, AServerThatSaysNothingIsGivenUp) {
  if (GetParam() == Engine::sqlite) GTEST_SKIP() << "SQLite has no server";
  std::vector<pid_t> stopped;
  const auto stop_ours = [&](Transaction& tx) -> Result<void> {
    auto row = tx.query_one("SELECT pg_backend_pid()");
    if (!row) return tl::unexpected(std::move(row).error());
    stopped.push_back(static_cast<pid_t>((*row)->integer(0)));
    ::kill(stopped.back(), SIGSTOP);
    auto next = tx.query_one("SELECT 1");
    return next ? Result<void>{} : tl::unexpected(std::move(next).error());
  };
  const auto silent = db().transact(stop_ours);
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().code, ErrorCode::unavailable);
  EXPECT_NE(silent.error().message.find("does not answer"), std::string::npos)
      << silent.error().message;
  EXPECT_EQ(stopped.size(), 1U) << "not tried again: that would take as long each time";
  EXPECT_TRUE(write(add_thing, {1, "a"})) << "on another connection";
  for (const pid_t backend : stopped) ::kill(backend, SIGCONT);
}

class DatabaseCrowded : public DatabaseContract {
  [[nodiscard]] DatabaseOptions options() const override {
    return {.readers_max = 1, .connections_max = 1, .connection_wait_ms = 50};
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseCrowded, testing::for_each_engine(),
                         testing::engine_name);

TEST_P(DatabaseCrowded, WaitsForAConnectionAndThenGivesUp) {
  auto outcome = db().transact([this](Transaction&) -> Result<std::string> {
    std::string reason;
    std::thread other{[&] { reason = write(add_thing, {1, "a"}).error().reason; }};
    other.join();
    return reason;
  });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(*outcome, "connections_max");
  EXPECT_TRUE(write(add_thing, {1, "a"}));
}

TEST(DatabaseOpen, RefusesOtherUrls) {
  for (const auto* url : {"", "sqlite:", "mysql://x", "/var/lib/khien.db"}) {
    EXPECT_EQ(Database::open(url).error().code, ErrorCode::invalid_argument) << url;
  }
  EXPECT_EQ(Database::open("sqlite:/nowhere/at/all.db").error().code, ErrorCode::unavailable);
}

// The server ends our sessions between two transactions: the caller does not notice.
TEST_P(DatabaseContract, ConnectsAgainAfterTheServerWasAway) {
  if (GetParam() == Engine::sqlite) GTEST_SKIP() << "SQLite has no server";
  ASSERT_TRUE(write(add_thing, {1, "a"}));
  ASSERT_TRUE(testing::shared_postgresql_server()->disconnect_all());
  auto second = write(add_thing, {2, "b"});
  EXPECT_TRUE(second) << second.error().message;
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 2);
}

}  // namespace
}  // namespace khien::store
