// Runs a test suite against every engine, with a fresh, migrated database per test. For tests only:
// link khien::store_testing and label the program `contract`.
//
//   class OrderStoreTest : public store::testing::EngineTest {
//     std::vector<store::ModuleMigrations> modules() const override {
//       return {{"ledger", ledger::migrations()}, {"cases", cases::migrations()}};
//     }
//   };
//   INSTANTIATE_TEST_SUITE_P(Engines, OrderStoreTest, store::testing::for_each_engine(),
//                            store::testing::engine_name);
//   TEST_P(OrderStoreTest, KeepsWhatItWasGiven) { auto done = db().transact(…); … }
//
// One PostgreSQL server per test program, started at the first test that needs it and stopped at
// the end; migrations run once per program and each test gets a copy. Where PostgreSQL 15 is not
// installed its tests are skipped and say so.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "store/database.h"

namespace khien::store::testing {

using khien::TemporaryFolder;

class EngineTest : public ::testing::TestWithParam<Engine> {
 protected:
  /// The migrations beside those of `store`, in layer order.
  [[nodiscard]] virtual std::vector<ModuleMigrations> modules() const { return {}; }
  [[nodiscard]] virtual DatabaseOptions options() const { return {}; }

  void SetUp() override;
  void TearDown() override;

  /// The database of this test.
  [[nodiscard]] Database& db() { return *database_; }
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// The URL of one more database without any table.
  [[nodiscard]] std::string empty_database();
  /// A folder of this test's own.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  /// Closes and opens the database again, as a restart does.
  void reopen();
  /// From now on db() is a new database, filled from the backup.
  void restore_from(const std::filesystem::path& backup);

 private:
  TemporaryFolder folder_;
  std::string url_;
  std::vector<std::string> made_;  // PostgreSQL: databases to drop
  std::unique_ptr<Database> database_;
};

[[nodiscard]] inline auto for_each_engine() {
  return ::testing::Values(Engine::sqlite, Engine::postgresql);
}
[[nodiscard]] std::string engine_name(const ::testing::TestParamInfo<Engine>& info);

}  // namespace khien::store::testing
