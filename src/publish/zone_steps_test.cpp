// A zone through many random steps, as its followers see it: each one, from whatever serial it has,
// comes by IXFR to the records that the definition says (testing_records.h).
#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"
#include "dns/rpz.h"
#include "dns/serial.h"
#include "publish/testing.h"
#include "publish/testing_follower.h"

namespace khien::publish {
namespace {

class ZoneSteps {
 public:
  ZoneSteps(std::uint64_t seed, std::uint32_t serial_floor)
      : rng_(seed), serial_floor_(serial_floor) {
    open();
  }

  void open() {
    zones_.reset();
    auto zones =
        ZoneSet::open({.folder = folder_.path(), .serial_floor = serial_floor_}, clock_, rng_);
    KHIEN_ASSERT(zones.has_value());
    zones_ = std::move(*zones);
  }

  /// One batch of changes, a lapse, or a rollback.
  void change() {
    const std::uint64_t kind = rng_.below(20);
    if (kind == 0) {
      clock_.advance(1'000);
      EXPECT_TRUE(zones_->lapse().has_value());
    } else if (kind == 1) {
      const std::uint32_t now = serial();
      const std::uint32_t back = now - static_cast<std::uint32_t>(rng_.below(5));
      static_cast<void>(zones_->rollback(test_zone().id, back));  // not found after a restart
    } else {
      apply();
    }
  }

  [[nodiscard]] std::uint32_t serial() const { return zones_->serial(test_zone()).value(); }
  [[nodiscard]] ZoneSet& zones() { return *zones_; }
  [[nodiscard]] SeededRng& rng() { return rng_; }
  [[nodiscard]] const ManualClock& clock() const { return clock_; }

 private:
  void apply() {
    std::vector<std::string> names(1 + rng_.below(4));
    std::vector<Change> changes;
    static const std::vector<std::string> sources{"order:1", "order:2", "feed:a"};
    for (std::string& name : names) {
      for (std::size_t count = rng_.below(4); count > 0; --count) {
        name += rng_.below(2) == 0 ? "a." : "b.";
      }
      name += rng_.below(2) == 0 ? "x.example" : "y.example";
      changes.push_back({.kind = rng_.below(2) == 0 ? ChangeKind::add : ChangeKind::remove,
                         .zone = test_zone().id,
                         .name = name,
                         .source = sources[rng_.below(sources.size())],
                         .scope = rng_.below(2) == 0 ? Scope::host : Scope::domain,
                         .until_ms = rng_.below(3) == 0 ? clock_.now_ms() + 1'500 : 0});
    }
    EXPECT_TRUE(zones_->apply(changes).has_value());
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  SeededRng rng_;
  std::uint32_t serial_floor_;
  std::unique_ptr<ZoneSet> zones_;
};

void expect_the_same_everywhere(ZoneSteps& steps, const std::string& where) {
  const auto reader = steps.zones().read_zone(test_zone());
  const ZoneContent content = content_of(*reader);
  ASSERT_EQ(content.records, records_by_definition(content.held)) << where;
  EXPECT_EQ(steps.zones().status()[2].record_count, content.records.size() + 2) << where;
  ZoneFollower fresh{test_zone()};
  EXPECT_EQ(fresh.follow(steps.zones(), steps.clock()), ZoneFollower::Took::whole);
  EXPECT_EQ(fresh.records(), content.records) << where;
}

// With serials that go round: 2^32 - 1 is followed by 1.
TEST(ZoneSteps, FollowersFromAnySerialComeToTheSameRecords) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    ZoneSteps steps{seed, 0xFFFF'FFFF - 60};
    std::vector<ZoneFollower> followers;
    std::uint32_t last = steps.serial();
    std::size_t by_changes = 0;
    for (int step = 0; step < 200; ++step) {
      const std::string where = "seed " + std::to_string(seed) + " step " + std::to_string(step);
      steps.change();
      const std::uint32_t now = steps.serial();
      EXPECT_TRUE(now == last || dns::serial_before(last, now)) << where;
      EXPECT_NE(now, 0U) << where;
      last = now;
      if (step % 100 == 99) {
        ASSERT_TRUE(step % 200 != 199 || steps.zones().compact().has_value());
        steps.open();
      }
      if (step % 5 == 0) {
        followers.emplace_back(test_zone());
        followers.back().follow(steps.zones(), steps.clock());
      }
      // One of them, which may be far behind, catches up.
      ZoneFollower& one = followers[steps.rng().below(followers.size())];
      by_changes +=
          one.follow(steps.zones(), steps.clock()) == ZoneFollower::Took::changes ? 1U : 0U;
      ZoneFollower fresh{test_zone()};
      fresh.follow(steps.zones(), steps.clock());
      ASSERT_EQ(one.records(), fresh.records()) << where;
      if (step % 10 == 0) expect_the_same_everywhere(steps, where);
    }
    EXPECT_LT(last, 1'000U) << "it has not gone round";
    EXPECT_GT(by_changes, 75U);
  }
}

TEST(ZoneSteps, AReaderShowsOneSerialWhileChangesGoOn) {
  ZoneSteps steps{7, 0};
  for (int round = 0; round < 12; ++round) {
    const auto reader = steps.zones().read_zone(test_zone());
    const auto at_once = steps.zones().read_zone(test_zone());
    const RecordSet wanted = content_of(*at_once).records;
    RecordSet seen;
    const auto take = [&](const ZoneTable::Item& item) {
      std::string name = item.name.to_text();
      name.pop_back();
      if (item.shown.name) seen.insert(name);
      if (item.shown.below) seen.insert("*." + name);
    };
    std::size_t room = 0;
    while (reader->next([&](const ZoneTable::Item& item) {
      if (room == 0) return false;
      --room;
      take(item);
      return true;
    })) {
      for (int i = 0; i < 3; ++i) steps.change();
      room = 1 + steps.rng().below(4);
    }
    EXPECT_EQ(seen, wanted) << "round " << round;
    for (int i = 0; i < 3; ++i) steps.change();
  }
}

// A filler is a part of a listed name, so it is shorter, and what is listed fits with `*.` in front
// and the zone behind.
TEST(ZoneSteps, TheLongestNamesFillersAreTransferred) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto zones = open_zones(folder.path(), clock);
  const std::size_t zone_size = test_zone().name.size();
  std::string longest = "a";
  while (longest.size() + 2 + 3 + zone_size <= dns::name_size_max) longest += ".a";
  ASSERT_TRUE(dns::make_rpz_owner(test_name(longest), true, test_zone().name).has_value());
  ASSERT_FALSE(dns::make_rpz_owner(test_name("a." + longest), true, test_zone().name).has_value());
  const std::string longer = "a." + longest;
  const std::vector<Change> changes{
      {.zone = test_zone().id, .name = longest, .source = "order:1"},
      {.zone = test_zone().id, .name = "a.a", .source = "order:1", .scope = Scope::domain},
      {.zone = test_zone().id, .name = longer, .source = "order:1"},
      {.zone = test_zone().id, .name = "c.*.b.example", .source = "order:1"}};
  const auto applied = zones->apply(changes);
  ASSERT_TRUE(applied.has_value());
  ASSERT_EQ(applied->refused.size(), 2U);
  EXPECT_EQ(applied->refused[0].reason, "too_long");
  EXPECT_EQ(applied->refused[1].reason, "bad_name");
  ZoneFollower follower{test_zone()};
  follower.follow(*zones, clock);
  EXPECT_EQ(follower.records(),
            records_by_definition({{longest, Scope::host}, {"a.a", Scope::domain}}));
}

// A rollback withdraws what was added, and with a domain go the fillers that it caused.
TEST(ZoneSteps, ARollbackTakesFillersAlong) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto zones = open_zones(folder.path(), clock);
  const auto apply = [&](ChangeKind kind, std::string_view name, Scope scope) {
    const Change change{
        .kind = kind, .zone = test_zone().id, .name = name, .source = "order:1", .scope = scope};
    EXPECT_TRUE(zones->apply({&change, 1}).has_value());
    return zones->serial(test_zone()).value();
  };
  const auto records = [&] { return content_of(*zones->read_zone(test_zone())).records; };
  const auto before = apply(ChangeKind::add, "q.p.x.example", Scope::host);
  const RecordSet free = records();
  const auto covered_at = apply(ChangeKind::add, "x.example", Scope::domain);
  EXPECT_EQ(records().size(), 6U);
  ASSERT_TRUE(zones->rollback(test_zone().id, before).has_value());
  EXPECT_EQ(records(), free);
  // What went is not brought back, whatever was there at that serial.
  ASSERT_TRUE(zones->rollback(test_zone().id, covered_at).has_value());
  EXPECT_EQ(records(), free);
  EXPECT_EQ(zones->held(test_zone(), test_name("q.p.x.example")), (Shown{.name = true}));
}

}  // namespace
}  // namespace khien::publish
