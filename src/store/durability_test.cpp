// What was acknowledged is there after kill -9, at whatever instant it strikes (SQLite in WAL mode
// with full sync). The child is killed while it commits; the parent then opens the file.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "store/database.h"
#include "store/testing/engine_fixture.h"

namespace khien::store {
namespace {

constexpr std::array rows{
    Migration{.number = 1,
              .name = "rows",
              .sql = "CREATE TABLE row_kept (id {int64} PRIMARY KEY) {strict};"}};
constexpr std::array modules{ModuleMigrations{.module = "rows", .migrations = rows}};

// Commits one row after the other and writes an octet for each once it is committed.
[[noreturn]] void commit_until_killed(const std::string& url, int acknowledge) {
  auto database = Database::open(url);
  if (!database) ::_exit(1);
  while (true) {
    auto done = (*database)->transact([](Transaction& tx) {
      return tx.execute("INSERT INTO row_kept SELECT coalesce(max(id), 0) + 1 FROM row_kept");
    });
    const char octet = 'y';
    if (!done || ::write(acknowledge, &octet, 1) != 1) ::_exit(1);
  }
}

TEST(Durability, AcknowledgedRowsSurviveKill) {
  const testing::TemporaryFolder folder;
  const auto url = "sqlite:" + (folder.path() / "kept.db").string();
  {
    auto database = Database::open(url);
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->migrate(modules));
  }
  std::int64_t acknowledged = 0;
  SeededRng rng{7};
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    FileDescriptor reading{ends[0]};
    FileDescriptor writing{ends[1]};
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) commit_until_killed(url, writing.get());
    writing.reset();
    const auto enough = 5 + rng.below(40);
    char octet = 0;
    for (std::uint64_t i = 0; i < enough; ++i) {
      ASSERT_EQ(::read(reading.get(), &octet, 1), 1);
      ++acknowledged;
    }
    ::kill(child, SIGKILL);
    while (::read(reading.get(), &octet, 1) == 1) ++acknowledged;  // written before it died
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto database = Database::open(url);
    ASSERT_TRUE(database) << database.error().message;
    auto row = (*database)->read([](Executor& executor) {
      return executor.query_one("SELECT count(*), max(id) FROM row_kept");
    });
    ASSERT_TRUE(row) << row.error().message;
    // One more may be committed than was acknowledged, never one less; and no gaps.
    EXPECT_GE((*row)->integer(0), acknowledged);
    EXPECT_LE((*row)->integer(0), acknowledged + 1);
    EXPECT_EQ((*row)->integer(0), (*row)->integer(1));
    acknowledged = (*row)->integer(0);
  }
}

}  // namespace
}  // namespace khien::store
