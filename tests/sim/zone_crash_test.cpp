// The zones' log and base through thousands of crashes, of the process and of the power, at every
// kind of system call, while changes, lapses, rollbacks, compactions and failing disks go on. After
// each crash: what was acknowledged is there, what was not is there whole or not at all, no serial
// stands for two contents, and a follower of any time before comes by its next transfer to just
// what is served.
//
// A bounded number in CI; KHIEN_CRASH_POINTS=10000 for all (`./khien soak`).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/file.h"
#include "base/unfinished_file.h"
#include "dns/serial.h"
#include "faked_disk.h"
#include "publish/testing.h"
#include "publish/testing_follower.h"

namespace khien::sim {
namespace {

using publish::Change;
using publish::ChangeKind;
using publish::RecordSet;
using publish::Scope;

constexpr std::size_t points_in_ci = 1'000;
constexpr std::size_t points_a_story = 100;
constexpr int steps_a_story = 40;
constexpr int steps_after_a_kill = 4;

struct Served {
  std::uint32_t serial = 0;
  RecordSet records;
  friend bool operator==(const Served&, const Served&) = default;
};
/// What followers can see, zone by zone.
using View = std::map<std::string, Served>;
const std::vector<std::string> zone_ids{"orders-phishing", "feeds-fraud"};

View view_of(publish::ZoneSet& zones) {
  View view;
  for (const std::string& id : zone_ids) {
    const auto reader = zones.read_zone(publish::test_zone(id));
    view[id] = {.serial = reader->serial(), .records = content_of(*reader).records};
  }
  return view;
}

/// One thing that a publisher did: it took the calls up to `events`, and then this was to be seen.
struct Moment {
  std::size_t events = 0;
  View view;
};

/// A publisher on a faked disk that does one thing after another by chance.
class Story {
 public:
  Story(const std::filesystem::path& folder, FakedDisk& disk, std::uint64_t seed)
      : folder_(folder), disk_(disk), rng_(seed) {}

  /// False if its files are refused.
  bool open() {
    zones_.reset();
    // Near the end of the circle: a crash there must not come upon serial 0 or an old one.
    auto zones =
        publish::ZoneSet::open({.folder = folder_, .serial_floor = 0xFFFF'FFFF - 8}, clock_, rng_);
    if (!zones) {
      ADD_FAILURE() << zones.error().message;
      return false;
    }
    zones_ = std::move(*zones);
    note();
    return true;
  }

  void step() {
    const std::uint64_t kind = rng_.below(100);
    if (kind < 70) {
      EXPECT_TRUE(apply());
    } else if (kind < 78) {
      clock_.advance(1'000);
      EXPECT_TRUE(zones_->lapse().has_value());
    } else if (kind < 84) {
      const std::string& id = zone_ids[rng_.below(zone_ids.size())];
      const auto now = zones_->serial(publish::test_zone(id)).value();
      static_cast<void>(zones_->rollback(id, now - static_cast<std::uint32_t>(rng_.below(4))));
    } else if (kind < 94) {
      EXPECT_TRUE(zones_->compact().has_value());
    } else {
      fail_and_start_again();
      return;  // noted by open()
    }
    note();
  }

  [[nodiscard]] const std::vector<Moment>& moments() const noexcept { return moments_; }

 private:
  bool apply() {
    std::vector<std::string> names(1 + rng_.below(3));
    std::vector<Change> changes;
    for (std::string& name : names) {
      name = "n" + std::to_string(rng_.below(6)) + (rng_.below(2) == 0 ? ".a.example" : ".example");
      if (rng_.below(4) == 0) name = "a.example";
      if (rng_.below(8) == 0) name = std::string(60, 'x') + "." + name;
      changes.push_back({.kind = rng_.below(3) < 2 ? ChangeKind::add : ChangeKind::remove,
                         .zone = zone_ids[rng_.below(zone_ids.size())],
                         .name = name,
                         .source = rng_.below(2) == 0 ? "order:1" : "feed:a",
                         .scope = rng_.below(2) == 0 ? Scope::host : Scope::domain,
                         .until_ms = rng_.below(3) == 0 ? clock_.now_ms() + 1'500 : 0});
    }
    return zones_->apply(changes).has_value();
  }

  /// The disk does not take a change: it is not acknowledged, nor is anything until the publisher
  /// starts again, and then it is there or not.
  void fail_and_start_again() {
    const View before = view_of(*zones_);
    disk_.fail_next_sync();
    EXPECT_FALSE(apply());
    EXPECT_FALSE(zones_->compact().has_value());
    EXPECT_FALSE(apply());
    EXPECT_EQ(view_of(*zones_), before);
    open();
  }

  void note() { moments_.push_back({.events = disk_.event_count(), .view = view_of(*zones_)}); }

  std::filesystem::path folder_;
  FakedDisk& disk_;
  SeededRng rng_;
  ManualClock clock_;
  std::unique_ptr<publish::ZoneSet> zones_;
  std::vector<Moment> moments_;
};

/// The last moment that is complete after `events` calls; the one behind it is under way.
std::size_t last_complete(const std::vector<Moment>& moments, std::size_t events) {
  std::size_t at = 0;
  while (at + 1 < moments.size() && moments[at + 1].events <= events) ++at;
  return at;
}

void lay_out(const std::filesystem::path& folder, const FakedDisk::Files& files) {
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : files) {
    std::ofstream file{folder / name, std::ios::binary};
    file.write(as_text(content).data(), static_cast<std::streamsize>(content.size()));
  }
}

class ZoneCrashes : public testing::Test {
 protected:
  static std::filesystem::path made(const TemporaryFolder& folder) {
    return std::filesystem::canonical(folder.path());
  }

  /// Opens what a crash left and compares it with the story so far: `complete` moments are
  /// acknowledged, the next is under way.
  void check(const FakedDisk::Files& files, const std::vector<Moment>& moments,
             std::size_t complete, SeededRng& rng) {
    lay_out(after_, files);
    FakedDisk disk{after_};  // so that nothing waits for a real disk
    ManualClock clock;
    auto opened = publish::ZoneSet::open({.folder = after_}, clock, rng);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    for (const auto& file : std::filesystem::directory_iterator{after_}) {
      ASSERT_FALSE(target_of_unfinished(file.path().native())) << file.path();
    }
    publish::ZoneSet& zones = **opened;
    const View now = view_of(zones);
    const View& acknowledged = moments[complete].view;
    const bool has_next = complete + 1 < moments.size();
    const View& next = has_next ? moments[complete + 1].view : acknowledged;
    ASSERT_TRUE(now == acknowledged || now == next)
        << "serial " << now.at(zone_ids[0]).serial << ", acknowledged "
        << acknowledged.at(zone_ids[0]).serial << ", next " << next.at(zone_ids[0]).serial;
    for (const std::string& id : zone_ids) {
      // A follower that took the zone at any time before, and one of now, go on together.
      const Served& old = moments[rng.below(complete + 1)].view.at(id);
      publish::ZoneFollower follower{publish::test_zone(id), old.serial, old.records};
      follower.follow(zones, clock);
      ASSERT_EQ(follower.records(), now.at(id).records) << id;
      const Change change{.zone = id, .name = "sau.example", .source = "order:9"};
      ASSERT_TRUE(zones.apply({&change, 1}).has_value());
      ASSERT_EQ(zones.serial(publish::test_zone(id)), dns::serial_next(now.at(id).serial));
      follower.follow(zones, clock);
      ASSERT_TRUE(follower.records().contains("sau.example"));
    }
  }

  void cut_power(const FakedDisk& disk, const std::vector<Moment>& moments, SeededRng& rng) {
    const std::size_t from = moments.front().events;
    const std::size_t at = from + rng.below(disk.event_count() - from + 1);
    check(disk.after_power_cut(at, rng), moments, last_complete(moments, at), rng);
  }

  /// The process is killed, started again and seen by followers, goes on, and then the power goes:
  /// what was seen after the start must be on the disk, though it was never synced before.
  void kill_then_cut_power(const FakedDisk& first, const std::vector<Moment>& before,
                           SeededRng& rng) {
    const std::size_t from = before.front().events;
    const std::size_t at = from + rng.below(first.event_count() - from + 1);
    const FakedDisk::Files left = first.after_kill(at);
    check(left, before, last_complete(before, at), rng);
    lay_out(again_, left);
    FakedDisk disk{again_};
    disk.go_on_from(first, at);
    Story story{again_, disk, rng.next_u64()};
    if (!story.open()) return;
    for (int step = 0; step < steps_after_a_kill; ++step) story.step();
    disk.stop();
    cut_power(disk, story.moments(), rng);
  }

  TemporaryFolder story_folder_;
  TemporaryFolder again_folder_;
  TemporaryFolder after_folder_;
  std::filesystem::path told_ = made(story_folder_);
  std::filesystem::path again_ = made(again_folder_);
  std::filesystem::path after_ = made(after_folder_);
};

TEST_F(ZoneCrashes, LoseNothingAcknowledgedAndForkNothing) {
  const char* wanted = std::getenv("KHIEN_CRASH_POINTS");
  const std::size_t points = wanted == nullptr ? points_in_ci : std::strtoull(wanted, nullptr, 10);
  std::size_t events = 0;
  std::size_t stories = 0;
  for (std::size_t point = 0; point < points && !HasFailure(); ++stories) {
    const std::uint64_t seed = 1'000 + stories;
    SCOPED_TRACE("story " + std::to_string(seed));
    lay_out(told_, {});
    FakedDisk disk{told_};
    Story story{told_, disk, seed};
    ASSERT_TRUE(story.open());
    for (int step = 0; step < steps_a_story; ++step) story.step();
    disk.stop();
    events += disk.event_count();
    for (std::size_t i = 0; i < points_a_story && point < points && !HasFailure(); ++i, ++point) {
      SCOPED_TRACE("point " + std::to_string(point));
      SeededRng rng{seed * points_a_story + i};
      if (i % 2 == 0) {
        cut_power(disk, story.moments(), rng);
      } else {
        kill_then_cut_power(disk, story.moments(), rng);
      }
    }
  }
  std::cout << points << " crashes in " << stories << " stories of " << events << " system calls\n";
}

// The disk itself: what it must keep, and that it does lose what it may.
TEST(FakedDisk, KeepsWhatWasSyncedAndMayLoseTheRest) {
  TemporaryFolder temporary;
  const auto folder = std::filesystem::canonical(temporary.path());
  FakedDisk disk{folder};
  ASSERT_TRUE(write_file_atomically(folder / "kept", as_bytes("one"), FileAccess::owner));
  const std::size_t synced = disk.event_count();
  ASSERT_TRUE(write_file_atomically(folder / "kept", as_bytes("two"), FileAccess::owner));
  const std::size_t all = disk.event_count();
  std::map<std::string, int> contents;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRng rng{seed};
    EXPECT_EQ(to_text(disk.after_power_cut(synced, rng).at("kept")), "one");
    EXPECT_EQ(to_text(disk.after_power_cut(all, rng).at("kept")), "two");
    // Before the folder is synced, one or the other stands there, whole.
    ++contents[to_text(disk.after_power_cut(all - 1, rng).at("kept"))];
  }
  EXPECT_EQ(contents.size(), 2U);
  EXPECT_GT(contents["one"], 20);
  EXPECT_GT(contents["two"], 20);
  EXPECT_EQ(to_text(disk.after_kill(all - 1).at("kept")), "two");
}

}  // namespace
}  // namespace khien::sim
