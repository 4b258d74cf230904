#include "publish/followers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "publish/testing.h"

namespace khien::publish {
namespace {

class FollowersTest : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream{followers_path(state())} << text; }
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
  const auto access = load_access(state(), 1);
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
  const auto first = load_access(state(), 1)->keys.front().secret;
  ASSERT_TRUE(put_follower(state(), follower, rng_));
  EXPECT_EQ(load_access(state(), 1)->keys.front().secret, first);
  EXPECT_EQ(read_followers(state())->size(), 1U);
}

TEST_F(FollowersTest, AFollowerIsInOneRingAndMovesToAnother) {
  ASSERT_TRUE(put_follower(
      state(), {.name = "dnsd", .signs = true, .zones = {"orders-fraud"}, .ring = Ring::own},
      rng_));
  ASSERT_TRUE(put_follower(state(), {.name = "isp-a", .signs = true}, rng_));
  const auto followers = read_followers(state()).value();
  EXPECT_EQ(followers[0].ring, Ring::own);
  EXPECT_EQ(followers[1].ring, Ring::all);
  EXPECT_EQ(zones_of(followers[0]).size(), 3U);
  EXPECT_EQ(load_access(state(), 1)->rules[0].ring, Ring::own);
  ASSERT_TRUE(set_follower_ring(state(), "dnsd", Ring::partner));
  EXPECT_EQ(zones_of(read_followers(state())->front()).back()->id, "trial-partner-fraud");
  EXPECT_EQ(read_followers(state())->front().zones, std::vector<std::string>{"orders-fraud"});
  EXPECT_EQ(set_follower_ring(state(), "nobody", Ring::own).error().code, ErrorCode::not_found);
  write(R"([{"name": "a", "addresses": ["192.0.2.1"], "ring": "first"}])");
  EXPECT_NE(read_followers(state()).error().message.find("own, partner, all"), std::string::npos);
}

TEST_F(FollowersTest, NoFileIsNobodyAndABrokenOneIsRefusedWhole) {
  EXPECT_TRUE(read_followers(state())->empty());
  for (const char* text :
       {"{", "{}", R"([{"name": "A b"}])", R"([{"name": "a", "key": "b"}])",
        R"([{"name": "a", "addresses": ["192.0.2.0/33"]}])", R"([{"name": "a", "zones": ["no"]}])",
        R"([{"name": "a", "addresses": ["192.0.2.1"], "notify": ["x"]}])"}) {
    write(text);
    EXPECT_FALSE(load_access(state(), 1).has_value()) << text;
  }
}

TEST_F(FollowersTest, AFollowerWithoutKeyAndAddressIsRefused) {
  EXPECT_FALSE(put_follower(state(), {.name = "isp-a"}, rng_));
  EXPECT_FALSE(put_follower(state(), {.name = "../isp", .signs = true}, rng_));
}

TEST_F(FollowersTest, NoFollowerIsCalledAsAKeyOfOurs) {
  for (const char* name : {"seal", "server", "ledger", "lists", "resolver-report"}) {
    const auto put = put_follower(state(), {.name = name, .signs = true}, rng_);
    ASSERT_FALSE(put.has_value()) << name;
    EXPECT_NE(put.error().message.find("another name"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(follower_key_path(state(), name)));
    write(std::string{R"([{"name": ")"} + name + R"(", "addresses": ["192.0.2.1"]}])");
    EXPECT_FALSE(read_followers(state()).has_value()) << name;
    write("[]");
  }
}

TEST_F(FollowersTest, PinsOfTlsClientsAreKept) {
  const auto pin = crypto::sha256("its key");
  ASSERT_TRUE(put_follower(state(), {.name = "isp-a", .pins = {pin}}, rng_));
  EXPECT_EQ(read_followers(state())->front().pins, std::vector{pin});
  const auto access = load_access(state(), 1);
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->rules.front().pins, std::vector{pin});
  EXPECT_EQ(access->rules.front().catalog_serial, 1U);
  EXPECT_FALSE(parse_pin("AAAA").has_value());
  EXPECT_FALSE(parse_pin("no base64").has_value());
}

TEST_F(FollowersTest, AKeyMayBeOfSha512) {
  ASSERT_TRUE(put_follower(
      state(), {.name = "isp-a", .signs = true, .algorithm = dns::TsigAlgorithm::hmac_sha512},
      rng_));
  EXPECT_EQ(load_access(state(), 1)->keys.front().algorithm, dns::TsigAlgorithm::hmac_sha512);
}

TEST(ZonesOfBases, TakesBasesAndSingleZones) {
  const auto zones = zones_of_bases("emergency,orders").value();
  EXPECT_EQ(zones.front(), "emergency");
  EXPECT_EQ(zones.size(), 11U);  // ten categories of orders
  EXPECT_EQ(zones_of_bases("choice-ads").value(), std::vector<std::string>{"choice-ads"});
  EXPECT_FALSE(zones_of_bases("orders,politics").has_value());
  EXPECT_NE(zones_of_bases("trial").error().message.find("ring"), std::string::npos);
  EXPECT_FALSE(zones_of_bases("trial-own-fraud").has_value());
}

}  // namespace
}  // namespace khien::publish
