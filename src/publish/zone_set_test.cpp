#include "publish/zone_set.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/full_disk.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

Change block(std::string_view name, std::string_view source = "order:1") {
  return {.zone = "orders-phishing", .name = name, .source = source};
}
Change lift(std::string_view name, std::string_view source = "order:1") {
  return {.kind = ChangeKind::remove, .zone = "orders-phishing", .name = name, .source = source};
}

class ZoneSetTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    zones_.reset();
    zones_ = open_zones(folder_.path(), clock_);
  }
  Applied apply(std::vector<Change> changes) {
    auto applied = zones_->apply(changes);
    KHIEN_ASSERT(applied.has_value());
    return std::move(*applied);
  }
  Shown shown(std::string_view name) { return zones_->shown(test_zone(), test_name(name)); }
  std::uint32_t serial() { return zones_->serial(test_zone()).value(); }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ZoneSet> zones_;
};

TEST_F(ZoneSetTest, AChangeRaisesItsZonesSerialByOneAndNoOther) {
  const auto before = zones_->status();
  const auto applied = apply({block("Xau.Example"), block("te.example")});
  ASSERT_EQ(applied.serials.size(), 1U);
  EXPECT_EQ(applied.serials[0].zone, "orders-phishing");
  EXPECT_EQ(applied.serials[0].serial, 2U);
  EXPECT_TRUE(shown("xau.example.").name);
  const auto after = zones_->status();
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].serial, before[i].serial + (after[i].zone == "orders-phishing" ? 1 : 0));
  }
}

TEST_F(ZoneSetTest, StateAndSerialsSurviveARestart) {
  apply({block("xau.example"), block("te.example", "order:2")});
  apply({lift("te.example", "order:2")});
  ASSERT_TRUE(zones_->apply({}, 17).has_value());
  ASSERT_TRUE(zones_->note_reported(16).has_value());
  open();
  EXPECT_TRUE(shown("xau.example.").name);
  EXPECT_FALSE(shown("te.example.").name);
  EXPECT_EQ(serial(), 3U);
  EXPECT_EQ(zones_->applied_sequence(), 17);
  EXPECT_EQ(zones_->reported_sequence(), 16);
  EXPECT_NE(zones_->read_steps(test_zone(), 1), nullptr);
}

TEST_F(ZoneSetTest, ATornTailIsCutAndTheRestStands) {
  apply({block("xau.example")});
  zones_.reset();
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
    if (entry.path().extension() != ".log") continue;
    std::ofstream{entry.path(), std::ios::app} << "half a frame";
  }
  open();
  EXPECT_TRUE(shown("xau.example.").name);
  apply({block("te.example")});
  open();
  EXPECT_TRUE(shown("te.example.").name);
}

TEST_F(ZoneSetTest, ADamagedLogIsRefused) {
  apply({block("xau.example")});
  apply({block("te.example")});
  zones_.reset();
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
    if (entry.path().extension() != ".log") continue;
    std::fstream file{entry.path(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(30);
    file.put('\x55');
  }
  SystemRng rng;
  const auto zones = ZoneSet::open({.folder = folder_.path()}, clock_, rng);
  ASSERT_FALSE(zones.has_value());
  EXPECT_EQ(zones.error().code, ErrorCode::corrupt);
}

TEST_F(ZoneSetTest, OneProcessAtATime) {
  SystemRng rng;
  const auto second = ZoneSet::open({.folder = folder_.path()}, clock_, rng);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(ZoneSetTest, CompactionKeepsEverythingAndShortensTheLog) {
  for (int i = 0; i < 500; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    apply({block(name), block(name, "order:2")});
  }
  apply({lift("n7.example"), lift("n7.example", "order:2"), lift("n8.example")});
  const std::uint32_t before = serial();
  ASSERT_TRUE(zones_->compact().has_value());
  ASSERT_TRUE(zones_->compact().has_value());  // nothing to do
  apply({block("sau.example")});
  open();
  EXPECT_EQ(serial(), before + 1);
  EXPECT_EQ(zones_->status()[2].name_count, 500U);
  EXPECT_FALSE(shown("n7.example.").name);
  EXPECT_TRUE(shown("n8.example.").name);
  apply({lift("n8.example", "order:2")});
  EXPECT_FALSE(shown("n8.example.").name);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
    files += entry.path().extension() == ".log" ? 1U : 0U;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(ZoneSetTest, RefusesWhatNoZoneMayHoldAndMakesTheRest) {
  TemporaryFolder other;
  SystemRng rng;
  auto zones = ZoneSet::open(
      {.folder = other.path(),
       .is_public_suffix = [](std::string_view name) { return name == "com.example"; }},
      clock_, rng);
  ASSERT_TRUE(zones.has_value());
  const std::string long_name = std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                                std::string(63, 'a') + "." + std::string(40, 'a');
  const std::vector<Change> changes{
      block("vn"),
      block("com.example"),
      block("*.xau.example"),
      block(""),
      block(long_name),
      block("a..b"),
      block("xau.example"),
      block("xau.example", ""),
      {.zone = "opinions", .name = "xau.example", .source = "order:1"},
  };
  const auto applied = (*zones)->apply(changes);
  ASSERT_TRUE(applied.has_value());
  std::vector<std::string> reasons;
  for (const auto& refused : applied->refused) reasons.push_back(refused.reason);
  EXPECT_EQ(reasons,
            (std::vector<std::string>{"single_label", "public_suffix", "bad_name", "bad_name",
                                      "too_long", "bad_name", "bad_source", "unknown_zone"}));
  EXPECT_EQ((*zones)->status()[2].name_count, 1U);
}

TEST_F(ZoneSetTest, LapsesWithoutAnybodyAsking) {
  Change short_order = block("ngan.example");
  short_order.until_ms = clock_.now_ms() + 4 * ms_per_hour;
  apply({short_order, block("dai.example", "order:2")});
  EXPECT_EQ(zones_->next_lapse_ms(), short_order.until_ms);
  clock_.advance(4 * ms_per_hour - 1);
  EXPECT_TRUE(zones_->lapse()->serials.empty());
  clock_.advance(1);
  open();  // the end is known after a restart, too
  EXPECT_EQ(zones_->lapse()->serials.size(), 1U);
  EXPECT_FALSE(shown("ngan.example.").name);
  EXPECT_TRUE(shown("dai.example.").name);
  EXPECT_FALSE(zones_->next_lapse_ms().has_value());
}

TEST_F(ZoneSetTest, ReplacesWhatAFeedHolds) {
  const auto replace = [&](std::vector<std::string> names, std::size_t change_max = 100) {
    return zones_->replace({.zone = "feeds-fraud",
                            .source = "feed:a",
                            .names = names,
                            .scope = Scope::domain,
                            .change_max = change_max});
  };
  const auto first = replace({"a.example", "b.example", "vn"});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->added, 2U);
  EXPECT_EQ(first->refused, 1U);
  const auto second = replace({"b.example", "c.example"});
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->added, 1U);
  EXPECT_EQ(second->removed, 1U);
  EXPECT_EQ(second->serial, 3U);
  EXPECT_EQ(zones_->shown(test_zone("feeds-fraud"), test_name("c.example")),
            (Shown{.name = true, .below = true}));
  const auto breaker = replace({"x.example", "y.example", "z.example"}, 3);
  ASSERT_FALSE(breaker.has_value());
  EXPECT_EQ(breaker.error().reason, "breaker");
  EXPECT_EQ(zones_->serial(test_zone("feeds-fraud")), 3U);
}

TEST_F(ZoneSetTest, TellsWhoHoldsAName) {
  apply({block("xau.example"),
         {.zone = "feeds-fraud", .name = "xau.example", .source = "feed:a", .scope = Scope::domain},
         {.zone = "feeds-malware", .name = "a.xau.example", .source = "feed:b"}});
  const auto words = [&](std::string_view name) {
    std::vector<std::string> found;
    for (const auto& held : zones_->holdings(name)) {
      found.push_back(held.zone + " " + held.name + " " + held.source);
    }
    return found;
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(words("Xau.Example."),
            (Words{"orders-phishing xau.example order:1", "feeds-fraud xau.example feed:a"}));
  // An entry for one host says nothing about what lies below it.
  EXPECT_EQ(words("a.xau.example"),
            (Words{"feeds-malware a.xau.example feed:b", "feeds-fraud xau.example feed:a"}));
  EXPECT_EQ(words("b.a.xau.example"), (Words{"feeds-fraud xau.example feed:a"}));
  for (const auto* none : {"example", ".", "", "no name at all..", "te.example"}) {
    EXPECT_EQ(words(none), Words{}) << none;
  }
  apply({lift("xau.example")});
  EXPECT_EQ(words("xau.example"), (Words{"feeds-fraud xau.example feed:a"}));
}

TEST_F(ZoneSetTest, AsksNoMoreThanTheLongestNameHas) {
  std::string longest = "a";
  while (longest.size() + 2 <= 220) longest += ".a";
  std::vector<Change> changes;
  std::vector<std::string> sources;
  for (std::size_t i = 0; i < holdings_max + 5; ++i) sources.push_back("feed:" + std::to_string(i));
  for (const auto& source : sources) changes.push_back(block(longest, source));
  apply(std::move(changes));
  EXPECT_EQ(zones_->holdings(longest).size(), holdings_max);
  EXPECT_TRUE(zones_->holdings(longest + "." + longest).empty());
}

TEST_F(ZoneSetTest, TheListenerHearsOfEachCommit) {
  std::vector<std::string> heard;
  zones_->set_listener([&](std::span<const ZoneSerial> serials) {
    for (const auto& one : serials) heard.push_back(one.zone + std::to_string(one.serial));
  });
  apply({block("xau.example"), {.zone = "feeds-fraud", .name = "te.example", .source = "feed:a"}});
  EXPECT_EQ(heard, (std::vector<std::string>{"orders-phishing2", "feeds-fraud2"}));
}

TEST_F(ZoneSetTest, LargeChangesAreCutIntoFrames) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < operations_per_batch_max + 1; ++i) {
    names.push_back("n" + std::to_string(i) + ".example");
  }
  std::vector<Change> changes;
  for (const auto& name : names) changes.push_back(block(name, "feed:a"));
  const auto applied = apply(changes);
  EXPECT_EQ(applied.serials[0].serial, 3U);
  open();
  EXPECT_EQ(zones_->status()[2].name_count, names.size());
}

TEST_F(ZoneSetTest, ALargeReplacementIsToldOnce) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 2 * operations_per_batch_max + 1; ++i) {
    names.push_back("n" + std::to_string(i) + ".example");
  }
  std::vector<std::string> heard;
  zones_->set_listener([&](std::span<const ZoneSerial> serials) {
    for (const auto& one : serials) heard.push_back(one.zone + std::to_string(one.serial));
  });
  const auto replace = [&] {
    return zones_->replace({.zone = "feeds-fraud", .source = "feed:a", .names = names});
  };
  const auto first = replace();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->added, names.size());
  EXPECT_EQ(first->serial, 4U);
  ASSERT_TRUE(replace().has_value());  // nothing changed, nothing is told
  EXPECT_EQ(heard, std::vector<std::string>{"feeds-fraud4"});
  names.resize(1);
  EXPECT_EQ(replace()->removed, 2 * operations_per_batch_max);
  EXPECT_EQ(heard.size(), 2U);
  EXPECT_TRUE(zones_->shown(test_zone("feeds-fraud"), test_name("n0.example")).name);
  EXPECT_FALSE(zones_->shown(test_zone("feeds-fraud"), test_name("n1.example")).name);
}

TEST(ZoneNames, OnePerBasisAndCategory) {
  EXPECT_EQ(all_zones().size(), 45U);
  EXPECT_EQ(all_zones()[0].id, "pass");
  EXPECT_EQ(zone_for(Basis::orders, Category::phishing)->name,
            test_name("orders-phishing.rpz.khien."));
  EXPECT_EQ(zone_for(Basis::emergency, Category::fraud)->id, "emergency");
  EXPECT_TRUE(zone_for(Basis::emergency, Category::child_abuse)->keys_only);
  EXPECT_EQ(zone_for(Basis::choice, Category::choice_ads)->id, "choice-ads");
  EXPECT_EQ(zone_for(Basis::orders, Category::choice_ads), nullptr);
  EXPECT_EQ(trial_zone_for(test_zone("orders-fraud"), Ring::own)->id, "trial-own-fraud");
  EXPECT_EQ(trial_zone_for(test_zone("feeds-fraud"), Ring::partner)->id, "trial-partner-fraud");
  EXPECT_TRUE(trial_zone_for(test_zone("feeds-child-abuse"), Ring::own)->keys_only);
  EXPECT_EQ(trial_zone_for(test_zone("orders-fraud"), Ring::all), nullptr);
  for (const char* id : {"pass", "emergency", "choice-ads", "addresses-fraud", "trial-own-fraud"}) {
    EXPECT_EQ(trial_zone_for(test_zone(id), Ring::own), nullptr) << id;
  }
  for (const ZoneFacts& zone : all_zones()) {
    const bool is_short = zone.id == "emergency" || zone.is_trial();
    EXPECT_EQ(soa_of(zone, 1).expire_s, is_short ? 4U * 3'600 : 7U * 86'400) << zone.id;
  }
  EXPECT_EQ(find_zone("tin-tuc"), nullptr);
}

// No room: nothing of the change can be seen, now or after a restart; with room again it is made.
TEST_F(ZoneSetTest, AFullDiskRefusesAChangeWholeAndIsGotOver) {
  apply({block("cu.example")});
  std::uintmax_t log_size = 0;
  for (const auto& file : std::filesystem::directory_iterator{folder_.path()}) {
    log_size = std::max(log_size, std::filesystem::file_size(file));
  }
  const std::vector<Change> change{block("moi.example"), lift("cu.example")};
  {
    const FullDisk full{log_size + 10};
    const auto applied = zones_->apply(change);
    ASSERT_FALSE(applied.has_value());
    EXPECT_EQ(applied.error().code, ErrorCode::unavailable);
  }
  EXPECT_EQ(serial(), 2U);
  EXPECT_FALSE(shown("moi.example.").name);
  EXPECT_TRUE(shown("cu.example.").name);
  EXPECT_TRUE(zones_->apply(change).has_value());
  EXPECT_TRUE(shown("moi.example.").name);
  open();
  EXPECT_EQ(serial(), 3U);
  EXPECT_TRUE(shown("moi.example.").name);
  EXPECT_FALSE(shown("cu.example.").name);
}

// A follower must never see a serial go back, also when the zones are begun anew after a restore.
TEST(ZoneSerials, BeginAtTheFloorAndGoOnFromThere) {
  TemporaryFolder folder;
  ManualClock clock;
  SeededRng rng{3};
  const auto serial_after_change = [&](const std::string& name, std::uint32_t floor) {
    auto zones = ZoneSet::open({.folder = folder.path(), .serial_floor = floor}, clock, rng);
    EXPECT_TRUE(zones.has_value());
    const std::vector<Change> one{{.zone = test_zone().id, .name = name, .source = "order:1"}};
    EXPECT_TRUE((*zones)->apply(one).has_value());
    return (*zones)->serial(test_zone()).value_or(0);
  };
  EXPECT_EQ(serial_after_change("mot.example", 1'000), 1'001U);
  EXPECT_EQ(serial_after_change("hai.example", 5'000), 1'002U);
  EXPECT_EQ(serial_after_change("ba.example", 0), 1'003U);
  EXPECT_EQ(serial_after_change("bon.example", 7), 1'004U);
}

// Followers of a zone that nobody has changed since must learn that it is empty now, and see what
// changes after the next start.
TEST(ZoneSerials, StandAtTheFloorBeforeAnyChangeAndAfterTheNextStart) {
  TemporaryFolder folder;
  ManualClock clock;
  SeededRng rng{3};
  for (const std::uint32_t floor : {1'000U, 0U, 9'000U}) {
    auto zones = ZoneSet::open({.folder = folder.path(), .serial_floor = floor}, clock, rng);
    ASSERT_TRUE(zones.has_value()) << zones.error().message;
    for (const ZoneFacts& zone : all_zones()) EXPECT_EQ((*zones)->serial(zone), 1'000U) << zone.id;
  }
}

}  // namespace
}  // namespace khien::publish
