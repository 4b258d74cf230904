#include "policy/rare_rules.h"

#include <gtest/gtest.h>

#include "policy/test_rare.h"

namespace khien::policy {
namespace {

using dns::RpzTriggerKind;
using Zones = std::vector<std::vector<TestRecord>>;

std::shared_ptr<const RareRules> rules_of(const Zones& zones,
                                          std::vector<Override> overrides = {}) {
  std::vector<ThirdPartyZone> configured;
  RareZones rules;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    ThirdPartyZone zone{.name = "zone" + std::to_string(i) + ".example.",
                        .category = Category::malware};
    if (i < overrides.size()) zone.override_action = overrides[i];
    zone.redirect = *dns::Name::from_text("vuon.example.");
    configured.push_back(std::move(zone));
    rules[i] = rare_zone_of(zones[i]);
  }
  auto third = ThirdParty::of(std::move(configured));
  EXPECT_TRUE(third.has_value());
  return std::make_shared<const RareRules>(std::move(*third), std::move(rules));
}

constexpr SourceMask all = ~SourceMask{0};
const Octets address{192, 0, 2, 7};

TEST(RareRules, TheFirstZoneDecidesThenTheKindThenTheLongestPrefix) {
  const auto rules =
      rules_of({{rare_name("ns.xau.example", "CNAME", "rpz-drop.", RpzTriggerKind::nsdname)},
                {rare_address(RpzTriggerKind::ip, "24.0.2.0.192", "."),
                 rare_address(RpzTriggerKind::ip, "32.7.2.0.192", "*."),
                 rare_address(RpzTriggerKind::client_ip, "32.7.2.0.192", "rpz-tcp-only.")}});
  RareMatch best;
  rules->match_address(RpzTriggerKind::ip, Octets{192, 0, 2, 1}, all, best);
  EXPECT_EQ(best.verdict.action, Action::nxdomain);
  rules->match_address(RpzTriggerKind::ip, address, all, best);
  EXPECT_EQ(best.verdict.action, Action::nodata);
  rules->match_address(RpzTriggerKind::ip, Octets{192, 0, 2, 1}, all, best);
  EXPECT_EQ(best.verdict.action, Action::nodata);
  rules->match_address(RpzTriggerKind::client_ip, address, all, best);
  EXPECT_EQ(best.verdict.action, Action::tcp_only);
  rules->match_server(wire_of("ns.xau.example"), all, best);
  EXPECT_EQ(best.verdict.action, Action::drop);
  EXPECT_EQ(best.verdict.source, ThirdParty::source_at(0));
  EXPECT_EQ(source_id(best.verdict.stands_for), "feeds-malware");
}

TEST(RareRules, OnlyZonesThatAreAskedForMatch) {
  const auto rules = rules_of({{rare_address(RpzTriggerKind::ip, "32.7.2.0.192", ".")}});
  RareMatch best;
  rules->match_address(RpzTriggerKind::ip, address, every_source, best);
  EXPECT_EQ(best.verdict.action, Action::none);
}

TEST(RareRules, NameServersMatchExactBeforeWildcardAndTheLongest) {
  const auto rules =
      rules_of({{rare_name("*.xau.example", "CNAME", ".", RpzTriggerKind::nsdname),
                 rare_name("*.b.xau.example", "CNAME", "*.", RpzTriggerKind::nsdname),
                 rare_name("ns.b.xau.example", "CNAME", "rpz-drop.", RpzTriggerKind::nsdname)}});
  const auto action_of_server = [&](std::string_view name) {
    RareMatch best;
    rules->match_server(wire_of(name), all, best);
    return best.verdict.action;
  };
  EXPECT_EQ(action_of_server("ns.b.xau.example"), Action::drop);
  EXPECT_EQ(action_of_server("ns2.b.xau.example"), Action::nodata);
  EXPECT_EQ(action_of_server("ns.xau.example"), Action::nxdomain);
  EXPECT_EQ(action_of_server("xau.example"), Action::none);
  EXPECT_EQ(action_of_server("a.ns.b.xau.example"), Action::none);
}

TEST(RareRules, TheOperatorsWishStandsInPlaceOfTheZones) {
  const std::vector<std::pair<Override, Action>> wishes{
      {Override::passthru, Action::passthru}, {Override::nodata, Action::nodata},
      {Override::nxdomain, Action::nxdomain}, {Override::drop, Action::drop},
      {Override::tcp_only, Action::tcp_only}, {Override::cname, Action::local_data},
      {Override::given, Action::drop}};
  for (const auto& [wish, wanted] : wishes) {
    const auto rules =
        rules_of({{rare_address(RpzTriggerKind::ip, "32.7.2.0.192", "rpz-drop.")}}, {wish});
    RareMatch best;
    rules->match_address(RpzTriggerKind::ip, address, all, best);
    EXPECT_EQ(best.verdict.action, wanted) << to_string(wish);
    if (wish != Override::cname) continue;
    std::size_t count = 0;
    rules->for_each_local(best.verdict, [&](const LocalRecord& record) {
      ++count;
      EXPECT_EQ(record.type, dns::type_cname);
      EXPECT_EQ(to_octets(record.rdata), rdata_of("CNAME", "vuon.example."));
    });
    EXPECT_EQ(count, 1U);
  }
}

TEST(RareRules, ANetworkObeysThirdPartiesAsItObeysTheirCategory) {
  auto third = ThirdParty::of({{.name = "a.example.", .category = Category::choice_ads},
                               {.name = "b.example.", .category = Category::malware}});
  ASSERT_TRUE(third.has_value());
  const auto bit = [](std::size_t index) { return mask_of(ThirdParty::source_at(index)); };
  const SourceMask feeds = mask_of(Basis::feeds);
  EXPECT_EQ((*third)->widen(feeds), feeds | bit(1));
  EXPECT_EQ((*third)->widen(mask_of(Basis::choice)), mask_of(Basis::choice) | bit(0));
  EXPECT_EQ((*third)->widen(mask_of(Basis::orders)), mask_of(Basis::orders));
  EXPECT_EQ(extended_error_code((*third)->stands_for(ThirdParty::source_at(0))), 17);
  EXPECT_EQ(extended_error_code((*third)->stands_for(ThirdParty::source_at(1))), 15);
}

// The fence: whatever category an operator names, a third party never speaks as an order.
TEST(RareRules, NoThirdPartyEverStandsForAnOrder) {
  for (const CategoryFacts& facts : all_categories()) {
    auto third = ThirdParty::of({{.name = "a.example.", .category = facts.category}});
    ASSERT_TRUE(third.has_value());
    const Source source = (*third)->stands_for(ThirdParty::source_at(0));
    EXPECT_TRUE(basis_of(source) == Basis::feeds || basis_of(source) == Basis::choice);
    EXPECT_NE(extended_error_code(source), 16);
  }
}

// khiend's own orders on trial are orders, wherever a network obeys those.
TEST(RareRules, ATrialZoneStandsForTheOrdersOfItsCategory) {
  auto third = ThirdParty::of(
      {{.name = "trial-own-fraud.rpz.khien.", .category = Category::fraud, .on_trial = true}});
  ASSERT_TRUE(third.has_value());
  const Source source = (*third)->stands_for(ThirdParty::source_at(0));
  EXPECT_EQ(source, *source_of(Basis::orders, Category::fraud));
  EXPECT_EQ(extended_error_code(source), 16);
  const SourceMask orders = mask_of(Basis::orders);
  EXPECT_EQ((*third)->widen(orders), orders | mask_of(ThirdParty::source_at(0)));
}

TEST(RareRules, SoManyZonesAndNoMore) {
  std::vector<ThirdPartyZone> zones;
  for (std::size_t i = 0; i < third_party_max; ++i) {
    zones.push_back({.name = "z" + std::to_string(i) + ".example."});
  }
  EXPECT_TRUE(ThirdParty::of(zones).has_value());
  zones.push_back({.name = "more.example."});
  EXPECT_EQ(ThirdParty::of(zones).error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(ThirdParty::of({zones[0], zones[0]}).error().code, ErrorCode::conflict);
}

// RFC 4592, as BIND and Unbound do; khiend's zones mean all that lies below.
TEST(RareRules, ANameThatIsThereEndsWhatAWildcardAboveItCovers) {
  SeededRng rng{1};
  const SourceMask third = mask_of(ThirdParty::source_at(0));
  const SourceMask feeds = mask_of(source_named("feeds-malware"));
  NameTable table{HashKey::random(rng)};
  const auto set = [&](std::string_view name, const RuleClass& rule_class) {
    ASSERT_TRUE(table.set(NameKey{wire_of(name), table.key()}, rule_class).has_value());
  };
  set("xau.example", {.below = third | feeds});
  set("lanh.xau.example", {.exact = third | feeds});
  set("dam.lanh.xau.example", {.below = third});
  Rules rules;
  rules.base = RuleSet::from_table(std::move(table), {}, 0);
  rules.rare = rules_of({{}});
  const auto blocks = [&](std::string_view name, SourceMask sources) {
    return rules.find_among(NameKey{wire_of(name), rules.key()}, sources).blocks();
  };
  EXPECT_TRUE(blocks("a.xau.example", third));
  EXPECT_TRUE(blocks("lanh.xau.example", third));
  EXPECT_FALSE(blocks("a.lanh.xau.example", third));
  EXPECT_TRUE(blocks("a.lanh.xau.example", feeds));
  EXPECT_TRUE(blocks("a.dam.lanh.xau.example", third));
}

TEST(RareRules, TheNameTableAsksHereForWhatIsNoPlainBlock) {
  SeededRng rng{1};
  const auto rare = rules_of({{rare_name("xau.example", "CNAME", "rpz-passthru.")}, {}});
  const SourceMask first = mask_of(ThirdParty::source_at(0));
  const SourceMask second = mask_of(ThirdParty::source_at(1));
  NameTable table{HashKey::random(rng)};
  NameKey key{wire_of("xau.example"), table.key()};
  ASSERT_TRUE(
      table
          .set(key,
               {.exact = first | second, .below = second, .nodata_below = second, .rare = first})
          .has_value());
  Rules rules;
  rules.base = RuleSet::from_table(std::move(table), {}, 0);
  rules.rare = rare;
  EXPECT_EQ(rules.find(key, {}).action, Action::passthru);
  EXPECT_EQ(rules.find_among(key, second).action, Action::nxdomain);
  key.assign(wire_of("www.xau.example"), rules.key());
  EXPECT_EQ(rules.find(key, {}).action, Action::nodata);
  EXPECT_EQ(rules.find(key, {}).source, ThirdParty::source_at(1));
  EXPECT_EQ(rules.find(key, {.sources = mask_of(Basis::orders)}).action, Action::none);
}

}  // namespace
}  // namespace khien::policy
