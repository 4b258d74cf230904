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

// Mutual TLS: the client's own key opens what a signature opens, and both may be asked for.
TEST(Access, APinOpensItsZonesToWhoProvesToHaveTheKey) {
  const dns::Name key = test_name("isp-a.");
  const auto pin = crypto::sha256("its key");
  const auto other = crypto::sha256("another key");
  const Access access{.keys = {key_of("isp-a.")},
                      .rules = {{.name = "by-pin", .pins = {pin}, .zones = {"orders-child-abuse"}},
                                {.name = "both",
                                 .key = key,
                                 .addresses = {prefix_of("192.0.2.0/24")},
                                 .pins = {pin},
                                 .zones = {"orders-fraud"}}}};
  ASSERT_TRUE(check(access).has_value());
  const auto& abuse = test_zone("orders-child-abuse");
  const auto& fraud = test_zone("orders-fraud");
  const auto from = ip_of("192.0.2.1");
  EXPECT_NE(access.find(abuse, {.address = from, .pin = pin}), nullptr);
  EXPECT_EQ(access.find(abuse, {.address = from, .pin = other}), nullptr);
  EXPECT_EQ(access.find(abuse, {.address = from}), nullptr);
  EXPECT_EQ(access.find(abuse, {.address = from, .key = &key}), nullptr);
  EXPECT_NE(access.find(fraud, {.address = from, .key = &key, .pin = pin}), nullptr);
  EXPECT_EQ(access.find(fraud, {.address = from, .key = &key}), nullptr);
  EXPECT_EQ(access.find(fraud, {.address = from, .pin = pin}), nullptr);
  EXPECT_EQ(access.find(fraud, {.address = ip_of("198.51.100.1"), .key = &key, .pin = pin}),
            nullptr);
}

// ADR 0307: who is nearer to us gets what those behind it get, and not the other way round.
TEST(Access, ATrialZoneIsForItsRingAndThoseBeforeIt) {
  const auto from = ip_of("192.0.2.1");
  const auto may = [&](Ring ring, const char* zone, std::vector<std::string> zones = {}) {
    const Access access{.keys = {},
                        .rules = {{.name = "one",
                                   .addresses = {prefix_of("192.0.2.1")},
                                   .zones = std::move(zones),
                                   .ring = ring}}};
    return access.find(test_zone(zone), {from}) != nullptr;
  };
  EXPECT_TRUE(may(Ring::own, "trial-own-fraud"));
  EXPECT_TRUE(may(Ring::own, "trial-partner-fraud"));
  EXPECT_FALSE(may(Ring::partner, "trial-own-fraud"));
  EXPECT_TRUE(may(Ring::partner, "trial-partner-fraud"));
  EXPECT_FALSE(may(Ring::all, "trial-own-fraud"));
  EXPECT_FALSE(may(Ring::all, "trial-partner-fraud"));
  // Of a category of which it takes nothing it is given nothing to try.
  EXPECT_TRUE(may(Ring::own, "trial-own-fraud", {"orders-fraud"}));
  EXPECT_TRUE(may(Ring::own, "trial-own-fraud", {"feeds-fraud"}));
  EXPECT_FALSE(may(Ring::own, "trial-own-spam", {"orders-fraud", "pass"}));
  // A zone that the file names is not given beyond the ring; an address opens none of child abuse.
  EXPECT_FALSE(may(Ring::all, "trial-own-fraud", {"trial-own-fraud"}));
  EXPECT_FALSE(may(Ring::own, "trial-own-child-abuse"));
}

TEST(Access, AFollowersOwnRuleComesFirst) {
  const dns::Name key = test_name("isp-a.");
  const Access access{.keys = {key_of("isp-a.")},
                      .rules = {{.name = "net", .addresses = {prefix_of("192.0.2.0/24")}},
                                {.name = "isp-a", .key = key}}};
  const auto& zone = test_zone();
  EXPECT_EQ(access.find(zone, {ip_of("192.0.2.1"), &key})->name, "isp-a");
  EXPECT_EQ(access.find(zone, {ip_of("192.0.2.1")})->name, "net");
}

TEST(Access, KnowsFromWhereNobodyComes) {
  Access access{.keys = {}, .rules = {{.name = "net", .addresses = {prefix_of("192.0.2.0/24")}}}};
  EXPECT_TRUE(access.may_come_from(ip_of("192.0.2.1")));
  EXPECT_FALSE(access.may_come_from(ip_of("198.51.100.1")));
  access.rules.push_back({.name = "anywhere", .pins = {crypto::sha256("its key")}});
  EXPECT_TRUE(access.may_come_from(ip_of("198.51.100.1")));
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
  many.rules[0].notify.clear();
  many.rules[0].pins.resize(pins_max);
  EXPECT_TRUE(check(many).has_value());
  many.rules[0].pins.resize(pins_max + 1);
  EXPECT_FALSE(check(many).has_value());
}

TEST(KeyFile, WritesOnceAndReadsBack) {
  const TemporaryFolder folder;
  SeededRng rng{3};
  const auto key = make_key("ISP-A.khien", rng, dns::TsigAlgorithm::hmac_sha512);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->secret.size(), 64U);
  const auto path = folder.path() / "isp-a.key";
  ASSERT_TRUE(write_key_file(path, *key).has_value());
  EXPECT_EQ(write_key_file(path, *key).error().code, ErrorCode::conflict);
  const auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto again = read_key_file(path);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->name, key->name);
  EXPECT_EQ(again->secret, key->secret);
  EXPECT_EQ(again->algorithm, dns::TsigAlgorithm::hmac_sha512);

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
