#include "resolver/tap_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/testing/full_disk.h"
#include "resolver/dnstap.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

class TapFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path{testing::TempDir()} / ("tap-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path path() const { return folder_ / "tap.fstrm"; }
  Result<std::unique_ptr<TapFile>> try_open(std::int64_t minutes, std::uint64_t size_max) {
    return TapFile::open({.file = path(),
                          .until_ms = clock_.now_ms() + minutes * ms_per_minute,
                          .size_max = size_max},
                         clock_, metrics_);
  }
  void open(std::int64_t minutes, std::uint64_t size_max = tap_file_size_default) {
    auto tap = try_open(minutes, size_max);
    ASSERT_TRUE(tap.has_value()) << tap.error().message;
    tap_ = std::move(*tap);
    if (tap_) ring_ = &tap_->add_ring();
  }
  void push(int count = 1) {
    const Octets query = packet_of({.name = "shop.example"});
    for (int i = 0; i < count; ++i) {
      ring_->push({.kind = TapKind::client_query, .transport = Transport::udp, .message = query});
    }
  }
  /// The data frames of the file; fails unless it begins and ends as it must.
  std::size_t frames(bool ended = true) {
    const Octets octets = read_file(path(), std::size_t{1} << 24).value();
    Octets start;
    append_tap_start(start);
    EXPECT_GE(octets.size(), start.size());
    EXPECT_TRUE(std::equal(start.begin(), start.end(), octets.begin()));
    Bytes rest = Bytes{octets}.subspan(start.size());
    std::size_t count = 0;
    while (rest.size() >= 4 && dns::load_u32(rest, 0) != 0) {
      const std::size_t size = 4 + std::size_t{dns::load_u32(rest, 0)};
      if (size > rest.size()) break;
      rest = rest.subspan(size);
      ++count;
    }
    Octets stop;
    append_tap_stop(stop);
    EXPECT_EQ(to_octets(rest), ended ? stop : Octets{});
    return count;
  }
  bool says(std::string_view line) {
    return metrics_.exposition().find("\n" + std::string{line} + "\n") != std::string::npos;
  }

  std::filesystem::path folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::unique_ptr<TapFile> tap_;
  TapRing* ring_ = nullptr;
};

TEST_F(TapFileTest, WritesWhatComesAndStopsAtItsEnd) {
  open(10);
  ASSERT_NE(tap_, nullptr);
  push(3);
  tap_->poll();
  EXPECT_EQ(frames(false), 3U);
  clock_.advance(10 * ms_per_minute - 1);
  push();
  tap_->poll();
  EXPECT_TRUE(ring_->is_on());
  clock_.advance(1);
  push();
  tap_->poll();
  EXPECT_FALSE(ring_->is_on());
  EXPECT_EQ(frames(), 4U);
  EXPECT_TRUE(says("khien_dnsd_dnstap_on 0"));
  EXPECT_TRUE(says("khien_dnsd_dnstap_frames_total 4"));
}

// Whoever turns the clock back does not get more time.
TEST_F(TapFileTest, EndsInTimeThoughTheClockIsTurnedBack) {
  open(10);
  clock_.step_wall(-ms_per_day);
  clock_.advance(10 * ms_per_minute);
  tap_->poll();
  EXPECT_FALSE(tap_->is_on());
  EXPECT_EQ(frames(), 0U);
}

TEST_F(TapFileTest, RefusesMoreThanADayAndTakesADay) {
  EXPECT_FALSE(try_open(24 * 60 + 1, tap_file_size_default).has_value());
  EXPECT_FALSE(std::filesystem::exists(path()));
  open(24 * 60);
  EXPECT_NE(tap_, nullptr);
}

TEST_F(TapFileTest, StartsWithoutWhereTheEndIsOver) {
  open(0);
  EXPECT_EQ(tap_, nullptr);
  open(-5);
  EXPECT_EQ(tap_, nullptr);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(TapFileTest, NeverTouchesAFileThatIsThereAndFollowsNoLink) {
  std::ofstream{path()} << "mine";
  open(10);
  EXPECT_EQ(tap_, nullptr);
  EXPECT_EQ(as_text(read_file(path(), 100).value()), "mine");
  std::filesystem::remove(path());
  std::filesystem::create_symlink(folder_ / "elsewhere", path());
  open(10);
  EXPECT_EQ(tap_, nullptr);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST_F(TapFileTest, AStartThatFailsLeavesNoFile) {
  open(10);
  tap_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(TapFileTest, IsTheOwnersAlone) {
  open(10);
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(TapFileTest, EndsAtItsSizeWithWholeFrames) {
  constexpr std::uint64_t size_max = 4'000;
  open(10, size_max);
  push(100);
  tap_->poll();
  EXPECT_FALSE(tap_->is_on());
  EXPECT_GT(frames(), 30U);
  const auto size = std::filesystem::file_size(path());
  EXPECT_LE(size, size_max);
  EXPECT_GT(size, size_max - 100);
  EXPECT_TRUE(says("khien_dnsd_dnstap_dropped_total{why=\"size\"} 1"));
}

TEST_F(TapFileTest, CountsWhatFoundNoRoom) {
  open(10);
  push(30'000);
  tap_->poll();
  EXPECT_GT(ring_->dropped(), 0U);
  EXPECT_TRUE(
      says("khien_dnsd_dnstap_dropped_total{why=\"ring\"} " + std::to_string(ring_->dropped())));
  EXPECT_EQ(frames(false), 30'000U - ring_->dropped());
}

TEST_F(TapFileTest, CountsWhatIsNoMessage) {
  open(10);
  const Octets broken(20, 0xFF);
  ring_->push({.kind = TapKind::client_query, .transport = Transport::udp, .message = broken});
  push();
  tap_->poll();
  EXPECT_EQ(frames(false), 1U);
  EXPECT_TRUE(says("khien_dnsd_dnstap_dropped_total{why=\"unreadable\"} 1"));
}

TEST_F(TapFileTest, GivesUpWhereTheDiskIsFull) {
  open(10);
  {
    const FullDisk full{200};
    push(100);
    tap_->poll();
  }
  EXPECT_FALSE(tap_->is_on());
  EXPECT_TRUE(says("khien_dnsd_dnstap_write_failures_total 1"));
}

TEST_F(TapFileTest, EndsTheFileWithItself) {
  open(10);
  push(2);
  tap_->poll();
  tap_.reset();
  EXPECT_EQ(frames(), 2U);
}

}  // namespace
}  // namespace khien::resolver
