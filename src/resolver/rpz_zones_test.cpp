#include "resolver/rpz_zones.h"

#include <gtest/gtest.h>

namespace khien::resolver {
namespace {

TEST(RpzZones, AreReadInTheirOrder) {
  const auto zones = parse_rpz_zones(R"({"zones": [
    {"zone": "RPZ.feed.example", "primary": "192.0.2.53", "category": "malware"},
    {"zone": "ads.example.", "primary": "[2001:db8::53]:5353", "category": "choice-ads",
     "override": "cname", "cname": "vuon.example"}]})");
  ASSERT_TRUE(zones.has_value()) << zones.error().message;
  ASSERT_EQ(zones->size(), 2U);
  EXPECT_EQ((*zones)[0].zone.name, "rpz.feed.example.");
  EXPECT_EQ((*zones)[0].zone.category, Category::malware);
  EXPECT_EQ((*zones)[0].zone.override_action, policy::Override::given);
  EXPECT_EQ(to_string((*zones)[0].primary.address), "192.0.2.53:53");
  EXPECT_EQ((*zones)[1].zone.override_action, policy::Override::cname);
  EXPECT_EQ((*zones)[1].zone.redirect.to_text(), "vuon.example.");
  EXPECT_EQ(to_string((*zones)[1].primary.address), "[2001:db8::53]:5353");
  EXPECT_TRUE(parse_rpz_zones(R"({"zones": []})").has_value());
}

TEST(RpzZones, OverTlsNeedAProofOfTheServer) {
  const auto zones = parse_rpz_zones(R"({"zones": [
    {"zone": "rpz.example", "primary": "192.0.2.53", "category": "fraud", "tls": {"pins":
     ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}}]})");
  ASSERT_TRUE(zones.has_value()) << zones.error().message;
  EXPECT_EQ((*zones)[0].primary.address.port, 853);
  ASSERT_TRUE((*zones)[0].primary.tls.has_value());
  EXPECT_EQ((*zones)[0].primary.tls->peer.pins.size(), 1U);
}

TEST(RpzZones, OneErrorRefusesTheFileAndNamesTheZone) {
  const std::string good = R"({"zone": "a.example", "primary": "192.0.2.53", "category": "fraud"})";
  for (
      const std::string bad :
      {R"({"primary": "192.0.2.53", "category": "fraud"})",
       R"({"zone": "b.example", "category": "fraud"})",
       R"({"zone": "b.example", "primary": "192.0.2.53"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "politics"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "orders-fraud"})",
       R"({"zone": "b.example", "primary": "ns.example", "category": "fraud"})",
       R"({"zone": ".", "primary": "192.0.2.53", "category": "fraud"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "order": 1})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "basis": "orders"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "override": "x"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "cname": "x.example"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "override": "cname"})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "tls": {}})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "tls": {"pins": ["AA=="]}})",
       R"({"zone": "b.example", "primary": "192.0.2.53", "category": "fraud", "key": "/nowhere"})"}) {
    const auto zones = parse_rpz_zones(R"({"zones": [)" + good + ", " + bad + "]}");
    ASSERT_FALSE(zones.has_value()) << bad;
    EXPECT_NE(zones.error().message.find("zone 2"), std::string::npos) << zones.error().message;
  }
  EXPECT_EQ(parse_rpz_zones(R"({"zones": [)" + good + ", " + good + "]}").error().code,
            ErrorCode::conflict);
  EXPECT_FALSE(parse_rpz_zones(R"({"zones": [], "more": 1})").has_value());
  EXPECT_FALSE(parse_rpz_zones("").has_value());
}

TEST(RpzZones, SoManyAndNoMore) {
  std::string items;
  for (std::size_t i = 0; i < policy::third_party_max; ++i) {
    items += (i == 0 ? "" : ",") + std::string{R"({"zone": "z)"} + std::to_string(i) +
             R"(.example", "primary": "192.0.2.53", "category": "spam"})";
  }
  EXPECT_TRUE(parse_rpz_zones("{\"zones\": [" + items + "]}").has_value());
  items += R"(,{"zone": "more.example", "primary": "192.0.2.53", "category": "spam"})";
  EXPECT_EQ(parse_rpz_zones("{\"zones\": [" + items + "]}").error().code,
            ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace khien::resolver
