#include "publish/followers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "publish/testing.h"

namespace khien::publish {
namespace {

class FollowersTest : public testing::Test {
 protected:
  void write(const char* text) { std::ofstream{followers_path(state())} << text; }
  const std::filesystem::path& state() { return folder_.path(); }
  SeededRng rng_{1};
  TemporaryFolder folder_;
};

TEST_F(FollowersTest, AFollowerWithAKeyMayTakeItsZonesAndIsTold) {
  ASSERT_TRUE(put_follower(state(),
                           {.name = "isp-a",
                            .signs = true,
                            .zones = {"orders-fraud"},
                            .notify = {net::SocketAddress::parse("192.0.2.1:53").value()}},
                           rng_));
  const auto access = load_access(state());
  ASSERT_TRUE(access.has_value()) << access.error().message;
  ASSERT_EQ(access->keys.size(), 1U);
  const auto peer = net::IpAddress::parse("192.0.2.9").value();
  const auto* key = &access->keys.front().name;
  EXPECT_NE(access->find(*find_zone("orders-fraud"), {peer, key}), nullptr);
  EXPECT_EQ(access->find(*find_zone("orders-fraud"), {peer}), nullptr);
  EXPECT_EQ(access->find(*find_zone("orders-phishing"), {peer, key}), nullptr);
  EXPECT_EQ(access->rules.front().notify.size(), 1U);
}

TEST_F(FollowersTest, PuttingItAgainKeepsTheKey) {
  const Follower follower{.name = "isp-a", .signs = true};
  ASSERT_TRUE(put_follower(state(), follower, rng_));
  const auto first = load_access(state())->keys.front().secret;
  ASSERT_TRUE(put_follower(state(), follower, rng_));
  EXPECT_EQ(load_access(state())->keys.front().secret, first);
  EXPECT_EQ(read_followers(state())->size(), 1U);
}

TEST_F(FollowersTest, NoFileIsNobodyAndABrokenOneIsRefusedWhole) {
  EXPECT_TRUE(read_followers(state())->empty());
  for (const char* text :
       {"{", "{}", R"([{"name": "A b"}])", R"([{"name": "a", "key": "b"}])",
        R"([{"name": "a", "addresses": ["192.0.2.0/33"]}])", R"([{"name": "a", "zones": ["no"]}])",
        R"([{"name": "a", "addresses": ["192.0.2.1"], "notify": ["x"]}])"}) {
    write(text);
    EXPECT_FALSE(load_access(state()).has_value()) << text;
  }
}

TEST_F(FollowersTest, AFollowerWithoutKeyAndAddressIsRefused) {
  EXPECT_FALSE(put_follower(state(), {.name = "isp-a"}, rng_));
  EXPECT_FALSE(put_follower(state(), {.name = "../isp", .signs = true}, rng_));
}

TEST(ZonesOfBases, TakesBasesAndSingleZones) {
  const auto zones = zones_of_bases("emergency,orders").value();
  EXPECT_EQ(zones.front(), "emergency");
  EXPECT_EQ(zones.size(), 11U);  // ten categories of orders
  EXPECT_EQ(zones_of_bases("choice-ads").value(), std::vector<std::string>{"choice-ads"});
  EXPECT_FALSE(zones_of_bases("orders,politics").has_value());
}

}  // namespace
}  // namespace khien::publish
