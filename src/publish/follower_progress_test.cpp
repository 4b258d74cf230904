#include "publish/follower_progress.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "publish/follower_file.h"
#include "publish/follower_metrics.h"
#include "publish/follower_standing.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

class FollowerProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    follow({"isp-a"});
    serve(10);
  }
  void follow(const std::vector<std::string>& names) { progress_.set_followers(access_of(names)); }
  static Access access_of(const std::vector<std::string>& names) {
    Access access;
    for (const auto& name : names) {
      access.rules.push_back({.name = name, .addresses = {*net::Prefix::parse("192.0.2.0/24")}});
    }
    return access;
  }
  void serve(std::uint32_t serial) { progress_.zone_served(test_zone(), serial); }
  void hear(std::uint32_t serial, Learnt how, std::string_view from = "192.0.2.1") {
    progress_.seen({.zone = &test_zone(),
                    .serial = serial,
                    .peer = *net::IpAddress::parse(from),
                    .how = how,
                    .follower = "isp-a"});
  }
  FollowerZoneRecord zone() {
    for (const auto& follower : progress_.record().followers) {
      if (follower.name != "isp-a") continue;
      for (const auto& one : follower.zones) {
        if (one.zone == &test_zone()) return one;
      }
    }
    ADD_FAILURE() << "isp-a does not follow";
    return {.zone = &test_zone()};
  }
  Standing standing() { return standing_of(zone(), clock_.now_ms()); }
  FollowerState state() { return standing().state; }

  TemporaryFolder folder_;
  ManualClock clock_;
  FollowerProgress progress_{clock_};
};

TEST_F(FollowerProgressTest, KnowsWhatAServerHasOnceItTookIt) {
  EXPECT_EQ(state(), FollowerState::never);
  hear(10, Learnt::told);
  EXPECT_EQ(state(), FollowerState::unknown);
  hear(10, Learnt::whole);
  EXPECT_EQ(state(), FollowerState::current);
  EXPECT_EQ(zone().servers.at(0).took_ms, clock_.now_ms());
  EXPECT_EQ(zone().servers.at(0).how, Learnt::whole);
}

TEST_F(FollowerProgressTest, SaysHowFarBehindAndSinceWhen) {
  hear(10, Learnt::whole);
  clock_.advance(5'000);
  serve(11);
  clock_.advance(2'000);
  serve(12);
  serve(13);
  clock_.advance(1'000);
  EXPECT_EQ(state(), FollowerState::behind);
  EXPECT_EQ(standing().serials_behind, 3U);
  EXPECT_EQ(standing().behind_ms, 3'000);
  hear(11, Learnt::changes);  // now it lacks what came 2 s later
  EXPECT_EQ(standing().serials_behind, 2U);
  EXPECT_EQ(standing().behind_ms, 1'000);
  hear(13, Learnt::told);  // it knows, and has not taken it
  EXPECT_EQ(state(), FollowerState::behind);
  hear(13, Learnt::changes);
  EXPECT_EQ(state(), FollowerState::current);
  EXPECT_EQ(standing().behind_ms, 0);
}

// The zone has moved on much further than the steps that are kept.
TEST_F(FollowerProgressTest, ALongLagIsNotForgotten) {
  hear(10, Learnt::claimed);
  for (std::uint32_t serial = 11; serial < 311; ++serial) {
    serve(serial);
    clock_.advance(1'000);
  }
  EXPECT_EQ(standing().behind_ms, 300'000);
  hear(20, Learnt::claimed);
  EXPECT_EQ(standing().serials_behind, 290U);
  EXPECT_EQ(standing().behind_ms, 300'000);  // 290 are not known any more: no less than true
}

TEST_F(FollowerProgressTest, TheWorstServerSpeaksForItsFollower) {
  hear(10, Learnt::whole, "192.0.2.1");
  hear(10, Learnt::whole, "192.0.2.2");
  serve(11);
  hear(11, Learnt::changes, "192.0.2.1");
  EXPECT_EQ(state(), FollowerState::behind);
  EXPECT_EQ(zone().servers.size(), 2U);
}

TEST_F(FollowerProgressTest, SilentThenExpired) {
  hear(10, Learnt::whole);
  clock_.advance(silent_after_ms - 1);
  EXPECT_EQ(state(), FollowerState::current);
  clock_.advance(1);
  EXPECT_EQ(state(), FollowerState::silent);
  clock_.advance(std::int64_t{expire_s} * ms_per_second);
  EXPECT_EQ(state(), FollowerState::expired);
}

// After a restore of an older backup, say: a secondary never goes back by itself.
TEST_F(FollowerProgressTest, AServerThatIsAheadOfUsIsShown) {
  hear(12, Learnt::claimed);
  EXPECT_EQ(state(), FollowerState::ahead);
}

TEST_F(FollowerProgressTest, ServersThatWereMovedAreForgottenAndAFewAreKept) {
  hear(10, Learnt::whole, "192.0.2.1");
  clock_.advance(server_forgotten_ms + 1);
  EXPECT_EQ(zone().servers.size(), 1U);  // the only one there was
  hear(10, Learnt::whole, "192.0.2.2");
  ASSERT_EQ(zone().servers.size(), 1U);
  EXPECT_EQ(to_string(zone().servers[0].address), "192.0.2.2");
  for (std::size_t i = 0; i < follower_servers_max; ++i) {
    clock_.advance(1);
    hear(10, Learnt::whole, "192.0.2." + std::to_string(10 + i));
  }
  EXPECT_EQ(zone().servers.size(), follower_servers_max);
  for (const auto& server : zone().servers) EXPECT_NE(to_string(server.address), "192.0.2.2");
}

TEST_F(FollowerProgressTest, CountsWhatFailedAndWhoWasToldInVain) {
  progress_.transfer_failed("isp-a", test_zone());
  progress_.notify_acknowledged("isp-a", test_zone());
  clock_.advance(5);
  progress_.notify_given_up("isp-a", test_zone());
  progress_.transfer_failed("nobody", test_zone());
  EXPECT_EQ(zone().failed_count, 1);
  EXPECT_EQ(zone().given_up_ms, clock_.now_ms());
  EXPECT_EQ(zone().acknowledged_ms, clock_.now_ms() - 5);
}

TEST_F(FollowerProgressTest, TheGenerationMovesWithWhatMattersOnly) {
  hear(10, Learnt::whole);
  const auto before = progress_.generation();
  hear(10, Learnt::told);
  hear(10, Learnt::claimed);
  EXPECT_EQ(progress_.generation(), before);
  serve(11);
  EXPECT_GT(progress_.generation(), before);
}

TEST_F(FollowerProgressTest, WhoFollowsNoMoreIsForgotten) {
  hear(10, Learnt::whole);
  follow({"isp-a", "isp-b"});
  EXPECT_EQ(state(), FollowerState::current);
  follow({"isp-b"});
  follow({"isp-a"});
  EXPECT_EQ(state(), FollowerState::never);
}

TEST_F(FollowerProgressTest, ARestartForgetsNothing) {
  hear(10, Learnt::whole);
  clock_.advance(1'000);
  serve(11);
  hear(11, Learnt::told, "192.0.2.9");
  progress_.transfer_failed("isp-a", test_zone());
  const auto path = folder_.path() / "followers.state";
  ASSERT_TRUE(write_progress(path, progress_.record()).has_value());

  clock_.advance(9'000);
  FollowerProgress next{clock_};
  next.set_followers(access_of({"isp-a"}));
  next.zone_served(test_zone(), 11);
  const auto kept = read_progress(path);
  ASSERT_TRUE(kept.has_value()) << kept.error().message;
  next.restore(*kept);
  const auto record = next.record();
  ASSERT_EQ(record.followers.size(), 1U);
  for (const auto& one : record.followers[0].zones) {
    if (one.zone != &test_zone()) continue;
    EXPECT_EQ(standing_of(one, clock_.now_ms()).serials_behind, 1U);
    EXPECT_EQ(standing_of(one, clock_.now_ms()).behind_ms, 9'000);
    EXPECT_EQ(one.servers.size(), 2U);
    EXPECT_EQ(one.failed_count, 1);
  }
  for (const auto& served : record.zones) {
    if (served.zone == &test_zone()) {
      EXPECT_EQ(served.changed_ms, clock_.now_ms() - 9'000);
    }
  }
}

TEST_F(FollowerProgressTest, ABadFileIsRefusedWhole) {
  hear(10, Learnt::whole);
  const auto path = folder_.path() / "followers.state";
  ASSERT_TRUE(write_progress(path, progress_.record()).has_value());
  const auto whole = to_text(*read_file(path, progress_file_size_max));
  const auto reads = [&](std::string_view text) {
    std::ofstream{path} << text;
    return read_progress(path).has_value();
  };
  EXPECT_TRUE(reads(whole));
  for (std::size_t size = 0; size < whole.size(); size += 7)
    EXPECT_FALSE(reads(whole.substr(0, size)));
  for (const std::string_view bad : {"[]", R"({"version":2,"at_ms":0,"zones":[],"followers":[]})",
                                     R"({"version":1,"at_ms":-1,"zones":[],"followers":[]})",
                                     R"({"version":1,"at_ms":0,"zones":[{}],"followers":[]})"}) {
    EXPECT_FALSE(reads(bad)) << bad;
  }
  EXPECT_TRUE(reads(R"({"version":1,"at_ms":0,"followers":[],"zones":[)"
                    R"({"zone":"gone","serial":1,"changed_ms":0}]})"));
}

TEST_F(FollowerProgressTest, GaugesSayTheLowestSerialAndTheLag) {
  Metrics metrics;
  FollowerMetrics gauges{metrics};
  hear(10, Learnt::whole, "192.0.2.1");
  hear(10, Learnt::whole, "192.0.2.2");
  serve(12);
  hear(12, Learnt::changes, "192.0.2.1");
  clock_.advance(7'000);
  gauges.update(progress_.record());
  const std::string labels = "{follower=\"isp-a\",zone=\"orders-phishing\"}";
  const auto has = [&](const std::string& line) {
    return metrics.exposition().find(line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("khien_primary_follower_serial" + labels + " 10"));
  EXPECT_TRUE(has("khien_primary_follower_behind_seconds" + labels + " 7"));
  hear(12, Learnt::changes, "192.0.2.2");
  gauges.update(progress_.record());
  EXPECT_TRUE(has("khien_primary_follower_serial" + labels + " 12"));
  EXPECT_TRUE(has("khien_primary_follower_behind_seconds" + labels + " 0"));
  std::vector<std::string> many(follower_metrics_max + 2);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = "isp-" + std::to_string(i);
  follow(many);
  gauges.update(progress_.record());
  EXPECT_TRUE(has("khien_primary_followers_without_gauges 2"));
}

}  // namespace
}  // namespace khien::publish
