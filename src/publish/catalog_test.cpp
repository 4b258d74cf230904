#include "publish/catalog.h"

#include <gtest/gtest.h>

#include <fstream>

#include "publish/testing.h"

namespace khien::publish {
namespace {

constexpr std::int64_t now_s = 1'767'225'600;

AccessRule rule_of(std::string name, std::vector<std::string> zones) {
  return {.name = std::move(name),
          .addresses = {*net::Prefix::parse("192.0.2.1")},
          .zones = std::move(zones)};
}

class CatalogTest : public testing::Test {
 protected:
  /// The serials that the rules' catalogs get at `at_s`.
  std::vector<std::uint32_t> serials(std::vector<AccessRule> rules, std::int64_t at_s = now_s) {
    Access access{.keys = {}, .rules = std::move(rules)};
    EXPECT_TRUE(assign_catalog_serials(access, path_, at_s).has_value());
    std::vector<std::uint32_t> out;
    for (const auto& rule : access.rules) out.push_back(rule.catalog_serial);
    return out;
  }
  TemporaryFolder folder_;
  std::filesystem::path path_ = catalogs_path(folder_.path());
};

TEST_F(CatalogTest, ListsWhatItsFollowerMayTakeAndNothingElse) {
  const auto members = members_of(rule_of("isp", {"orders-fraud", "orders-child-abuse", "pass"}));
  ASSERT_EQ(members.size(), 2U);  // names of abused children go to no address alone
  const auto records = catalog_records(members);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].type, dns::type_ns);
  EXPECT_EQ(records[1].owner.to_text(), "version.catalog.khien.");
  EXPECT_EQ(records[1].rdata, (Octets{1, '2'}));
  EXPECT_EQ(records[2].owner.to_text(), "pass.zones.catalog.khien.");
  EXPECT_EQ(records[3].owner.to_text(), "orders-fraud.zones.catalog.khien.");
  EXPECT_EQ(records[3].rdata, to_octets(test_zone("orders-fraud").name.wire()));
  // Each label is a label: no id has a dot in it, none is too long.
  for (const ZoneFacts& zone : all_zones()) {
    const ZoneFacts* one = &zone;
    EXPECT_EQ(catalog_records({&one, 1}).size(), 3U);
  }
}

TEST_F(CatalogTest, ListsTheTrialZonesOfTheRing) {
  auto rule = rule_of("own", {"orders-fraud"});
  const auto count = [&](Ring ring) {
    rule.ring = ring;
    return members_of(rule).size();
  };
  EXPECT_EQ(count(Ring::all), 1U);
  EXPECT_EQ(count(Ring::partner), 2U);
  EXPECT_EQ(count(Ring::own), 3U);
  EXPECT_EQ(members_of(rule)[1]->id, "trial-own-fraud");
  const auto first = serials({rule});
  rule.ring = Ring::all;
  EXPECT_GT(serials({rule})[0], first[0]);  // it leaves the trial: another list, another serial
}

TEST_F(CatalogTest, ASerialStandsForOneList) {
  const auto first = serials({rule_of("a", {"pass"}), rule_of("b", {"pass"})});
  EXPECT_EQ(first, (std::vector<std::uint32_t>{now_s, now_s}));
  // Nothing changed: nothing moves, whatever the time.
  EXPECT_EQ(serials({rule_of("a", {"pass"}), rule_of("b", {"pass"})}, now_s + 99), first);
  const auto second = serials({rule_of("a", {"pass", "emergency"}), rule_of("b", {"pass"})});
  EXPECT_EQ(second[0], first[0] + 1);  // within the same second
  EXPECT_EQ(second[1], first[1]);
  const auto back = serials({rule_of("a", {"pass"}), rule_of("b", {"pass"})}, now_s - 1'000);
  EXPECT_GT(back[0], second[0]);  // the clock was set back
}

TEST_F(CatalogTest, WhoComesBackMeetsNoSerialThatItKnows) {
  const auto first = serials({rule_of("a", {"pass"})});
  static_cast<void>(serials({rule_of("b", {"pass"})}));
  EXPECT_EQ(serials({rule_of("a", {"pass"})}, now_s + 5), first);  // the same list
  static_cast<void>(serials({}, now_s + 5));
  EXPECT_GT(serials({rule_of("a", {"emergency"})}, now_s - 5)[0], first[0]);
}

TEST_F(CatalogTest, ADamagedFileIsBegunAnewAboveWhatItHeld) {
  const auto first = serials({rule_of("a", {"pass"})});
  std::ofstream{path_} << "[{\"follower\":";
  EXPECT_GT(serials({rule_of("a", {"pass"})}, now_s + 60)[0], first[0]);
}

TEST_F(CatalogTest, WithoutADiskThereIsNoNewSerial) {
  std::ofstream{folder_.path() / "zones"} << "a file where the folder should be";
  Access access{.keys = {}, .rules = {rule_of("a", {"pass"})}};
  EXPECT_FALSE(assign_catalog_serials(access, path_, now_s).has_value());
}

}  // namespace
}  // namespace khien::publish
