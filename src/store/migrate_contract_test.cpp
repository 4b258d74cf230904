// Migrations, backup and restore, on every engine.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <array>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "store/database.h"
#include "store/testing/engine_fixture.h"

namespace khien::store {
namespace {

constexpr Migration first{.number = 1, .name = "a", .sql = "CREATE TABLE a (id {int64}) {strict};"};
constexpr Migration second{
    .number = 2, .name = "b", .sql = "CREATE TABLE b (id {int64}) {strict};"};

class MigrateContract : public testing::EngineTest {
 protected:
  [[nodiscard]] static Result<void> migrate(Database& database,
                                            std::span<const Migration> migrations) {
    const std::array modules{ModuleMigrations{.module = "m", .migrations = migrations}};
    return database.migrate(modules);
  }
  [[nodiscard]] Result<void> migrate(std::span<const Migration> migrations) {
    return migrate(db(), migrations);
  }
  [[nodiscard]] bool exists(const std::string& table) {
    return db()
        .read([&](Executor& executor) { return executor.query("SELECT count(*) FROM " + table); })
        .has_value();
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, MigrateContract, testing::for_each_engine(),
                         testing::engine_name);

TEST_P(MigrateContract, GoesForwardOneStepAfterTheOther) {
  ASSERT_TRUE(migrate(std::array{first}));
  EXPECT_FALSE(exists("b"));
  ASSERT_TRUE(migrate(std::array{first, second}));
  EXPECT_TRUE(exists("b"));
  ASSERT_TRUE(migrate(std::array{first, second}));  // nothing left to do
}

TEST_P(MigrateContract, RefusesAnEditedMigration) {
  ASSERT_TRUE(migrate(std::array{first}));
  auto edited = first;
  edited.sql = "CREATE TABLE a (id TEXT) {strict};";
  auto refused = migrate(std::array{edited, second});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "changed_migration");
  EXPECT_NE(refused.error().message.find("m 1 a"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(exists("b"));
}

TEST_P(MigrateContract, RefusesADatabaseThatIsNewer) {
  ASSERT_TRUE(migrate(std::array{first, second}));
  EXPECT_EQ(migrate(std::array{first}).error().reason, "newer_database");
  EXPECT_EQ(db().migrate({}).error().reason, "newer_database");
}

TEST_P(MigrateContract, AppliesAllOrNothing) {
  constexpr Migration wrong{
      .number = 2, .name = "wrong", .sql = "CREATE TABLE b (id {int64}); INSERT INTO nowhere"};
  auto refused = migrate(std::array{first, wrong});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("m 2 wrong"), std::string::npos);
  EXPECT_FALSE(exists("a"));
  EXPECT_TRUE(migrate(std::array{first, second}));
}

TEST_P(MigrateContract, RefusesAGapInTheNumbers) {
  EXPECT_EQ(migrate(std::array{second}).error().code, ErrorCode::internal);
}

TEST_P(MigrateContract, TwoProgramsAtOnceApplyEachStepOnce) {
  const auto target = empty_database();
  std::array<std::thread, 3> programs;
  for (auto& program : programs) {
    program = std::thread{[&] {
      auto database = Database::open(target);
      ASSERT_TRUE(database) << database.error().message;
      auto done = migrate(**database, std::array{first, second});
      EXPECT_TRUE(done) << done.error().message;
    }};
  }
  for (auto& program : programs) program.join();
}

TEST_P(MigrateContract, ABackupRestoresIntoAnEmptyDatabase) {
  ASSERT_TRUE(migrate(std::array{first}));
  ASSERT_TRUE(
      db().transact([](Transaction& tx) { return tx.execute("INSERT INTO a VALUES (7)"); }));
  const auto file = folder() / "backup";
  auto saved = db().backup_to(file);
  ASSERT_TRUE(saved) << saved.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_TRUE(
      db().transact([](Transaction& tx) { return tx.execute("INSERT INTO a VALUES (8)"); }));

  const auto target = empty_database();
  auto restored = Database::restore(target, file);
  ASSERT_TRUE(restored) << restored.error().message;
  auto copy = Database::open(target);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_TRUE(migrate(**copy, std::array{first, second}));
  auto sum =
      (*copy)->read([](Executor& executor) { return executor.query_one("SELECT sum(id) FROM a"); });
  ASSERT_TRUE(sum);
  EXPECT_EQ((*sum)->integer(0), 7);
  EXPECT_EQ(Database::restore(target, file).error().reason, "not_empty");
}

TEST_P(MigrateContract, RefusesABackupThatIsNone) {
  const auto file = folder() / "backup";
  EXPECT_EQ(Database::restore(empty_database(), file).error().code, ErrorCode::not_found);
  ASSERT_TRUE(write_file_atomically(file, as_bytes("SQL format 3"), FileAccess::owner));
  EXPECT_EQ(Database::restore(empty_database(), file).error().reason, "not_a_backup");
  std::string damaged =
      GetParam() == Engine::sqlite ? std::string{"SQLite format 3\0", 16} : "PGDMP";
  damaged += std::string(4'000, 'x');
  ASSERT_TRUE(write_file_atomically(file, as_bytes(damaged), FileAccess::owner));
  EXPECT_FALSE(Database::restore(empty_database(), file));
}

TEST_P(MigrateContract, ABackupRunsBesideWriters) {
  ASSERT_TRUE(migrate(std::array{first}));
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    while (!stop) {
      auto done = db().transact([](Transaction& tx) -> Result<std::int64_t> {
        if (auto one = tx.execute("INSERT INTO a VALUES (1)"); !one) return one;
        return tx.execute("INSERT INTO a VALUES (1)");
      });
      EXPECT_TRUE(done) << done.error().message;
    }
  }};
  const auto file = folder() / "backup";
  const auto saved = db().backup_to(file);
  stop = true;
  writer.join();
  ASSERT_TRUE(saved) << saved.error().message;
  const auto target = empty_database();
  ASSERT_TRUE(Database::restore(target, file));
  auto copy = Database::open(target);
  ASSERT_TRUE(copy);
  auto count = (*copy)->read(
      [](Executor& executor) { return executor.query_one("SELECT count(*) FROM a"); });
  ASSERT_TRUE(count);
  EXPECT_EQ((*count)->integer(0) % 2, 0);  // whole transactions only
}

}  // namespace
}  // namespace khien::store
