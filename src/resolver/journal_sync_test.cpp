// Syncs beside the changes, in real threads; also run under ThreadSanitizer.
#include "resolver/journal_sync.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <latch>
#include <vector>

#include "base/log.h"

namespace khien::resolver {
namespace {

FileDescriptor some_file() { return FileDescriptor{::open("/dev/null", O_WRONLY | O_CLOEXEC)}; }

class JournalSyncTest : public testing::Test {
 protected:
  void SetUp() override { set_log_level(LogLevel::error); }
  void TearDown() override { set_log_level(LogLevel::info); }

  Metrics metrics_;
  Metric& failures_ = metrics_.counter("failures", "");
};

// However many changes come while the disk is busy: want() does not wait for it, one sync follows
// for all of them, and the end waits for that one.
TEST_F(JournalSyncTest, OneSyncIsForAllThatCameMeanwhile) {
  std::latch begun{1};
  std::latch disk{1};
  std::vector<int> synced;
  int last = 0;
  {
    JournalSync sync{failures_, [&](int fd) {
                       if (synced.empty()) begun.count_down();
                       disk.wait();
                       synced.push_back(fd);
                       return 0;
                     }};
    sync.want(some_file());
    begun.wait();
    for (int i = 0; i < 100; ++i) {
      FileDescriptor file = some_file();
      last = file.get();
      sync.want(std::move(file));
    }
    disk.count_down();
  }
  ASSERT_EQ(synced.size(), 2U);
  EXPECT_EQ(synced[1], last);
  EXPECT_EQ(failures_.value(), 0);
}

TEST_F(JournalSyncTest, AFailureStaysUntilItIsForgotten) {
  std::latch done{1};
  JournalSync sync{failures_, [&](int) {
                     done.count_down();
                     return EIO;
                   }};
  EXPECT_FALSE(sync.failed());
  sync.want(some_file());
  done.wait();
  while (!sync.failed()) std::this_thread::yield();
  EXPECT_EQ(failures_.value(), 1);
  sync.forget_failure();
  EXPECT_FALSE(sync.failed());
  sync.want(FileDescriptor{});  // no descriptor was left
  EXPECT_TRUE(sync.failed());
  EXPECT_EQ(failures_.value(), 2);
}

TEST_F(JournalSyncTest, EndsWithoutHavingBegun) { const JournalSync sync{failures_}; }

}  // namespace
}  // namespace khien::resolver
