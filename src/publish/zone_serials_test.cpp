// Serials on their circle (RFC 1982): always forward, 2^32 - 1 is followed by 1, and 0 never
// stands.
#include <gtest/gtest.h>

#include "base/random.h"
#include "codec/frame_file.h"
#include "dns/serial.h"
#include "publish/serial_floor.h"
#include "publish/testing.h"
#include "publish/testing_follower.h"
#include "publish/zone_history.h"

namespace khien::publish {
namespace {

constexpr std::uint32_t last_serial = 0xFFFF'FFFF;

std::unique_ptr<ZoneSet> open_at(const TemporaryFolder& folder, const Clock& clock,
                                 std::uint32_t floor) {
  SeededRng rng{3};
  auto zones = ZoneSet::open({.folder = folder.path(), .serial_floor = floor}, clock, rng);
  KHIEN_ASSERT(zones.has_value());
  return std::move(*zones);
}

std::uint32_t block(ZoneSet& zones, const std::string& name) {
  const Change change{.zone = test_zone().id, .name = name, .source = "order:1"};
  EXPECT_TRUE(zones.apply({&change, 1}).has_value());
  return zones.serial(test_zone()).value();
}

TEST(ZoneSerials, GoRoundPastZero) {
  TemporaryFolder folder;
  ManualClock clock;
  std::vector<std::uint32_t> serials;
  auto zones = open_at(folder, clock, last_serial - 1);
  ZoneFollower before_all{test_zone()};
  before_all.follow(*zones, clock);
  for (int i = 0; i < 4; ++i) {
    serials.push_back(block(*zones, "n" + std::to_string(i) + ".example"));
    if (i == 1) zones.reset(), zones = open_at(folder, clock, last_serial - 1);
  }
  EXPECT_EQ(serials, (std::vector<std::uint32_t>{last_serial, 1, 2, 3}));
  // By changes across the end of the circle, from each serial before it and behind it.
  EXPECT_EQ(before_all.follow(*zones, clock), ZoneFollower::Took::changes);
  EXPECT_EQ(before_all.records().size(), 4U);
  for (const auto& [serial, steps] : std::vector<std::pair<std::uint32_t, std::size_t>>{
           {last_serial - 1, 4}, {last_serial, 3}, {1, 2}, {2, 1}, {3, 0}}) {
    const auto reader = zones->read_steps(test_zone(), serial);
    ASSERT_NE(reader, nullptr) << serial;
    EXPECT_EQ(reader->steps().size(), steps) << serial;
    if (steps > 0) {
      EXPECT_EQ(reader->steps().front().from, serial);
    }
  }
  for (const std::uint32_t other : {0U, 4U, last_serial - 2, 0x8000'0000U}) {
    EXPECT_EQ(zones->read_steps(test_zone(), other), nullptr) << other;
  }
  // And back: what was served before the end of the circle, under a serial behind it.
  ASSERT_TRUE(zones->rollback(test_zone().id, last_serial).has_value());
  EXPECT_EQ(zones->serial(test_zone()), 4U);
  EXPECT_EQ(zones->status()[2].name_count, 1U);
  ASSERT_TRUE(zones->compact().has_value());
  zones.reset();
  zones = open_at(folder, clock, 0);
  EXPECT_EQ(zones->serial(test_zone()), 4U);
}

TEST(ZoneSerials, AHistoryIsFoundAcrossTheEndOfTheCircle) {
  ZoneHistory history;
  for (std::uint32_t serial = last_serial - 2; serial != 3; serial = dns::serial_next(serial)) {
    history.begin(serial, dns::serial_next(serial));
  }
  for (std::uint32_t serial = last_serial - 2; serial != 3; serial = dns::serial_next(serial)) {
    const auto steps = history.since(serial);
    ASSERT_TRUE(steps.has_value()) << serial;
    EXPECT_EQ(steps->front().from, serial);
    EXPECT_EQ(steps->back().to, 3U);
  }
  EXPECT_EQ(history.since(3)->size(), 0U);
  for (const std::uint32_t other : {0U, 4U, last_serial - 3}) {
    EXPECT_FALSE(history.since(other).has_value()) << other;
  }
}

// The log is the truth of what was served under which serial: one that jumps or comes twice is not
// read over.
TEST(ZoneSerials, ALogWhoseSerialsDoNotFollowIsRefused) {
  for (const std::uint32_t second : {2U, 4U, 0U}) {
    TemporaryFolder folder;
    ManualClock clock;
    {
      auto log = codec::FrameFile::open(
          folder.path() / "changes-00000000000000000001.log",
          {.payload_size_max = batch_size_max, .file_size_max = log_size_max},
          [](Bytes) { return Result<void>{}; });
      ASSERT_TRUE(log.has_value());
      for (const auto& [position, serial] :
           std::vector<std::pair<std::uint64_t, std::uint32_t>>{{1, 2}, {2, second}}) {
        Batch batch;
        batch.position = position;
        batch.zones = {{.zone = test_zone().id, .serial = serial, .operations = {}}};
        ASSERT_TRUE(log->append(encode_batch(batch)).has_value());
      }
    }
    SeededRng rng{3};
    const auto zones = ZoneSet::open({.folder = folder.path()}, clock, rng);
    ASSERT_FALSE(zones.has_value()) << second;
    EXPECT_EQ(zones.error().code, ErrorCode::corrupt) << second;
  }
}

TEST(SerialFloor, StandsAboveTheTimeAndAllThatIsKnown) {
  constexpr std::uint32_t now_s = 1'800'000'000;
  EXPECT_EQ(floor_above({}, now_s), now_s + serial_floor_margin);
  EXPECT_EQ(floor_above(std::vector<std::uint32_t>{7, now_s + 5, now_s - 9}, now_s),
            now_s + 5 + serial_floor_margin);
  // Served beyond the end of the circle: 3 comes after 2^32 - 4.
  EXPECT_EQ(floor_above(std::vector<std::uint32_t>{3, last_serial - 3}, 4'000'000'000U),
            3 + serial_floor_margin);
  // A floor that would be 0 is the one behind it.
  EXPECT_EQ(floor_above({}, last_serial - serial_floor_margin + 1), 1U);
}

}  // namespace
}  // namespace khien::publish
