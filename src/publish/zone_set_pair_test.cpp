// Following another log, and becoming another's copy.
#include <gtest/gtest.h>

#include <fstream>

#include "dns/serial.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

constexpr std::string_view shared_zone = "orders-phishing";

class ZoneSetPair : public testing::Test {
 protected:
  void SetUp() override {
    ours_ = open_zones(folder_.path() / "ours", clock_);
    theirs_ = open_zones(folder_.path() / "theirs", clock_);
  }
  static void add(ZoneSet& zones, std::string_view name) {
    ASSERT_TRUE(
        zones.apply(std::array{Change{.zone = shared_zone, .name = name, .source = "order:1"}})
            .has_value());
  }
  static bool has(ZoneSet& zones, std::string_view name) {
    return zones.shown(test_zone(), test_name(name)).name;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ZoneSet> ours_;
  std::unique_ptr<ZoneSet> theirs_;
};

TEST_F(ZoneSetPair, FollowsFramesAndHasTheSameHistory) {
  add(*theirs_, "mot.example");
  ASSERT_TRUE(theirs_->jump(std::array{ZoneSerial{std::string{shared_zone}, 1'000}}).has_value());
  add(*theirs_, "hai.example");
  const auto frames = theirs_->frames_after(0);
  ASSERT_TRUE(frames.has_value());
  ASSERT_EQ(frames->size(), 3U);
  std::vector<ZoneSerial> told;
  ours_->set_listener(
      [&](std::span<const ZoneSerial> serials) { told.assign(serials.begin(), serials.end()); });
  ASSERT_TRUE(ours_->follow(*frames).has_value());
  EXPECT_EQ(ours_->place(), theirs_->place());
  EXPECT_EQ(ours_->chain_at(1), theirs_->chain_at(1));
  EXPECT_EQ(ours_->chain_at(4), std::nullopt);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().serial, 1'001U);
  const auto steps = ours_->read_steps(test_zone(), 1);
  ASSERT_NE(steps, nullptr);
  EXPECT_EQ(steps->steps().back().to, 1'001U);
  // And after a restart.
  ours_.reset();
  ours_ = open_zones(folder_.path() / "ours", clock_);
  EXPECT_EQ(ours_->place(), theirs_->place());
  EXPECT_TRUE(has(*ours_, "hai.example"));
}

TEST_F(ZoneSetPair, TakesNothingOfFramesThatDoNotFollow) {
  add(*theirs_, "mot.example");
  add(*theirs_, "hai.example");
  auto frames = *theirs_->frames_after(0);
  std::swap(frames[0], frames[1]);
  const auto refused = ours_->follow(frames);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_EQ(ours_->place().position, 0U);
  frames[0].pop_back();
  EXPECT_FALSE(ours_->follow(frames).has_value());
  EXPECT_TRUE(ours_->follow(*theirs_->frames_after(0)).has_value());
}

TEST_F(ZoneSetPair, ASerialThatIsNotLaterIsNoJump) {
  add(*theirs_, "mot.example");
  const auto before = theirs_->place();
  ASSERT_TRUE(theirs_->jump(std::array{ZoneSerial{std::string{shared_zone}, 2}}).has_value());
  EXPECT_EQ(theirs_->place(), before);
  // A log with a serial that goes back is damaged.
  Batch batch;
  batch.step = SerialRule::jump;
  batch.position = 1;
  batch.zones.push_back({.zone = std::string{shared_zone}, .serial = 1, .operations = {}});
  EXPECT_FALSE(ours_->follow(std::array{encode_batch(batch)}).has_value());
  batch.zones.front().serial = 2'000'000'000;
  EXPECT_TRUE(ours_->follow(std::array{encode_batch(batch)}).has_value());
}

TEST_F(ZoneSetPair, BecomesACopyWhateverItHadAndReadersGoOn) {
  add(*ours_, "cua-minh.example");
  add(*theirs_, "mot.example");
  add(*theirs_, "hai.example");
  const auto reader = ours_->read_zone(test_zone());
  const auto steps = ours_->read_steps(test_zone(), 1);
  const auto copy = theirs_->copy();
  ASSERT_TRUE(copy.has_value());
  ASSERT_TRUE(ours_->adopt(copy->file).has_value());
  EXPECT_EQ(ours_->place(), theirs_->place());
  EXPECT_FALSE(has(*ours_, "cua-minh.example"));
  EXPECT_TRUE(has(*ours_, "hai.example"));
  std::vector<std::string> read;
  while (reader->next([&](const ZoneTable::Item& item) {
    read.push_back(item.name.to_text());
    return true;
  })) {
  }
  EXPECT_EQ(read, std::vector<std::string>{"cua-minh.example."});
  EXPECT_EQ(steps->name(steps->steps().front().changes.front()).to_text(), "cua-minh.example.");
  // Nothing leads to it from before, and it goes on from there: also after a restart.
  EXPECT_EQ(ours_->read_steps(test_zone(), 1), nullptr);
  add(*theirs_, "ba.example");
  ASSERT_TRUE(ours_->follow(*theirs_->frames_after(copy->position)).has_value());
  ours_.reset();
  ours_ = open_zones(folder_.path() / "ours", clock_);
  EXPECT_EQ(ours_->place(), theirs_->place());
  EXPECT_TRUE(has(*ours_, "ba.example"));
  EXPECT_FALSE(has(*ours_, "cua-minh.example"));
}

TEST_F(ZoneSetPair, ADamagedCopyChangesNothing) {
  add(*ours_, "cua-minh.example");
  auto copy = *theirs_->copy();
  copy.file[copy.file.size() / 2] ^= 1U;
  const auto before = ours_->place();
  EXPECT_FALSE(ours_->adopt(copy.file).has_value());
  EXPECT_EQ(ours_->place(), before);
  EXPECT_TRUE(has(*ours_, "cua-minh.example"));
}

TEST_F(ZoneSetPair, ACrashWhileACopyIsTakenLeavesAnOlderState) {
  add(*ours_, "mot.example");
  ASSERT_TRUE(ours_->compact().has_value());
  const auto before = ours_->place();
  add(*ours_, "hai.example");
  ours_.reset();
  // The logs are put aside, and the copy is not there yet.
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path() / "ours"}) {
    if (entry.path().extension() != ".log") continue;
    std::filesystem::rename(entry.path(), entry.path().string() + ".discarded");
  }
  ours_ = open_zones(folder_.path() / "ours", clock_);
  EXPECT_EQ(ours_->place(), before);
  EXPECT_TRUE(has(*ours_, "mot.example"));
  add(*ours_, "ba.example");
  ours_.reset();
  ours_ = open_zones(folder_.path() / "ours", clock_);
  EXPECT_TRUE(has(*ours_, "ba.example"));
  EXPECT_FALSE(has(*ours_, "hai.example"));
}

TEST_F(ZoneSetPair, TheChainOutlivesACompaction) {
  add(*ours_, "mot.example");
  const auto before = ours_->place();
  ASSERT_TRUE(ours_->compact().has_value());
  EXPECT_FALSE(ours_->frames_after(0).has_value());
  ours_.reset();
  ours_ = open_zones(folder_.path() / "ours", clock_);
  EXPECT_EQ(ours_->place(), before);
}

/// Refuses what it is told to, and remembers what it was shown.
class Guard final : public ChangeGuard {
 public:
  Result<void> begin_act() override { return {}; }
  std::optional<std::uint32_t> serial_floor(const ZoneFacts&) override { return floor; }
  Result<void> share(const Batch& batch, Bytes, const crypto::Sha256Digest&) override {
    if (refuses) return fail(ErrorCode::conflict, "the other one leads", "other_leads");
    last = batch;
    return {};
  }
  void not_written() noexcept override {}
  bool refuses = false;
  std::optional<std::uint32_t> floor;
  Batch last;
};

TEST_F(ZoneSetPair, AGuardIsAskedBeforeAnythingIsWritten) {
  Guard guard;
  ours_->set_guard(&guard);
  guard.floor = 500;
  add(*ours_, "mot.example");
  EXPECT_EQ(guard.last.zones.front().serial, 500U);
  EXPECT_EQ(ours_->serial(test_zone()), 500U);
  add(*ours_, "hai.example");
  EXPECT_EQ(ours_->serial(test_zone()), 501U);
  guard.refuses = true;
  const auto refused = ours_->apply(
      std::array{Change{.zone = shared_zone, .name = "ba.example", .source = "order:1"}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "other_leads");
  EXPECT_FALSE(has(*ours_, "ba.example"));
  EXPECT_EQ(ours_->frames_after(0)->size(), 2U);
  ours_->set_guard(nullptr);
}

}  // namespace
}  // namespace khien::publish
