#include "publish/access.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "publish/key_file.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

dns::TsigKey key_of(std::string_view name) {
  return {.name = test_name(name), .secret = Octets(32, 1)};
}
net::Prefix prefix_of(std::string_view text) { return *net::Prefix::parse(text); }
net::IpAddress ip_of(std::string_view text) { return *net::IpAddress::parse(text); }

TEST(Access, AKeyOrAnAddressOpensItsZonesOnly) {
  const dns::Name key = test_name("isp-a.");
  const Access access{.keys = {key_of("isp-a.")},
                      .rules = {{.name = "isp", .key = key, .zones = {"orders-fraud"}},
                                {.name = "unbound", .addresses = {prefix_of("192.0.2.0/28")}}}};
  ASSERT_TRUE(check(access).has_value());
  const auto& fraud = test_zone("orders-fraud");
  const auto& phishing = test_zone("orders-phishing");
  EXPECT_NE(access.find(fraud, {ip_of("198.51.100.1"), &key}), nullptr);
  EXPECT_EQ(access.find(phishing, {ip_of("198.51.100.1"), &key}), nullptr);
  EXPECT_EQ(access.find(fraud, {ip_of("198.51.100.1")}), nullptr);
  EXPECT_NE(access.find(phishing, {ip_of("192.0.2.15")}), nullptr);
  EXPECT_EQ(access.find(phishing, {ip_of("192.0.2.16")}), nullptr);
}

// Names of child-abuse sites never go to an address alone (DESIGN section 3).
TEST(Access, ChildAbuseZonesWantAKey) {
  const dns::Name key = test_name("isp-a.");
  const Access access{.keys = {key_of("isp-a.")},
                      .rules = {{.name = "open", .addresses = {prefix_of("192.0.2.0/24")}},
                                {.name = "isp", .key = key}}};
  for (const char* id : {"orders-child-abuse", "feeds-child-abuse"}) {
    EXPECT_EQ(access.find(test_zone(id), {ip_of("192.0.2.1")}), nullptr);
    EXPECT_NE(access.find(test_zone(id), {ip_of("192.0.2.1"), &key}), nullptr);
  }
}

TEST(Access, RefusesWhatWouldBeOpenOrWrong) {
  EXPECT_FALSE(check({.keys = {}, .rules = {{.name = "everybody"}}}).has_value());
  EXPECT_FALSE(check({.keys = {}, .rules = {{.name = "a", .key = test_name("no.")}}}).has_value());
  EXPECT_FALSE(check({.keys = {key_of("a."), key_of("A.")}, .rules = {}}).has_value());
  EXPECT_FALSE(
      check(
          {.keys = {},
           .rules = {{.name = "a", .addresses = {prefix_of("192.0.2.1")}, .zones = {"opinions"}}}})
          .has_value());
  Access many;
  many.rules.resize(access_rules_max + 1, {.name = "a", .addresses = {prefix_of("192.0.2.1")}});
  EXPECT_FALSE(check(many).has_value());
  many.rules.resize(1);
  many.rules[0].notify.resize(notify_targets_max + 1);
  EXPECT_FALSE(check(many).has_value());
}

TEST(KeyFile, WritesOnceAndReadsBack) {
  const TemporaryFolder folder;
  SeededRng rng{3};
  const auto key = make_key("ISP-A.khien", rng);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->secret.size(), key_secret_size);
  const auto path = folder.path() / "isp-a.key";
  ASSERT_TRUE(write_key_file(path, *key).has_value());
  EXPECT_EQ(write_key_file(path, *key).error().code, ErrorCode::conflict);
  const auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto again = read_key_file(path);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->name, key->name);
  EXPECT_EQ(again->secret, key->secret);

  std::filesystem::permissions(path, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(read_key_file(path).error().code, ErrorCode::denied);
}

TEST(KeyFile, RefusesOtherTexts) {
  const std::string good = "key \"a\" { algorithm hmac-sha256; secret \"AAAA\"; };";
  EXPECT_TRUE(parse_key_text(good).has_value());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_key_text(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(parse_key_text("key a { algorithm hmac-md5; secret AAAA; };").has_value());
  EXPECT_FALSE(parse_key_text("key a { algorithm hmac-sha256; secret \"?\"; };").has_value());
  EXPECT_FALSE(parse_key_text(good + good).has_value());
  EXPECT_FALSE(parse_key_text(std::string(key_file_size_max + 1, ' ')).has_value());
  SeededRng rng{3};
  EXPECT_FALSE(make_key("", rng).has_value());
  EXPECT_FALSE(make_key("a..b", rng).has_value());
}

}  // namespace
}  // namespace khien::publish
