#include "dns/rpz.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

const char* const zone_text = "orders-phishing.rpz.khien.";

TEST(RpzOwner, ReadsNamesAndWildcards) {
  const Name zone = name_of(zone_text);
  const auto exact = parse_rpz_owner(name_of("Xau.example.ORDERS-phishing.rpz.khien."), zone);
  ASSERT_TRUE(exact.has_value());
  EXPECT_EQ(exact->name, name_of("xau.example."));
  EXPECT_FALSE(exact->wildcard);
  const auto below = parse_rpz_owner(name_of("*.xau.example.orders-phishing.rpz.khien."), zone);
  ASSERT_TRUE(below.has_value());
  EXPECT_EQ(below->name, name_of("xau.example."));
  EXPECT_TRUE(below->wildcard);
}

TEST(RpzOwner, RefusesTheApexTheWholeAndWhatLiesElsewhere) {
  const Name zone = name_of(zone_text);
  EXPECT_FALSE(parse_rpz_owner(zone, zone).has_value());
  EXPECT_FALSE(parse_rpz_owner(name_of("*.orders-phishing.rpz.khien."), zone).has_value());
  EXPECT_FALSE(parse_rpz_owner(name_of("xau.example."), zone).has_value());
}

TEST(RpzOwner, KnowsTheOtherTriggers) {
  const Name zone = name_of(zone_text);
  const auto kind = [&](std::string_view prefix) {
    return parse_rpz_owner(name_of(std::string{prefix} + "." + zone_text), zone)->kind;
  };
  EXPECT_EQ(kind("24.0.2.0.192.rpz-ip"), RpzTriggerKind::ip);
  EXPECT_EQ(kind("24.0.2.0.192.RPZ-client-ip"), RpzTriggerKind::client_ip);
  EXPECT_EQ(kind("ns.example.rpz-nsdname"), RpzTriggerKind::nsdname);
  EXPECT_EQ(kind("24.0.2.0.192.rpz-nsip"), RpzTriggerKind::nsip);
  EXPECT_EQ(kind("rpz-ip.example"), RpzTriggerKind::qname);
}

TEST(RpzOwner, RoundTripAndLimits) {
  const Name zone = name_of(zone_text);
  for (const bool wildcard : {false, true}) {
    const auto owner = make_rpz_owner(name_of("xau.example."), wildcard, zone);
    ASSERT_TRUE(owner.has_value());
    const auto trigger = parse_rpz_owner(*owner, zone);
    ASSERT_TRUE(trigger.has_value());
    EXPECT_EQ(trigger->name, name_of("xau.example."));
    EXPECT_EQ(trigger->wildcard, wildcard);
  }
  EXPECT_EQ(make_rpz_owner(Name{}, false, zone).error(), WireError::bad_label);
  const std::string label(63, 'a');
  // 3 * 64 + 36 + 1 and the zone's 27 octets make 255 with the name's own root left out.
  const Name longest = name_of(label + "." + label + "." + label + "." + std::string(34, 'b'));
  const auto owner = make_rpz_owner(longest, false, zone);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->size(), name_size_max - 1);
  EXPECT_EQ(make_rpz_owner(longest, true, zone).error(), WireError::name_too_long);
}

TEST(RpzAction, ReadsEveryTarget) {
  const RpzTrigger trigger{.name = name_of("xau.example.")};
  const auto action = [&](std::string_view target) {
    return *rpz_action(trigger, type_cname, name_of(target).wire());
  };
  EXPECT_EQ(action("."), RpzAction::nxdomain);
  EXPECT_EQ(action("*."), RpzAction::nodata);
  EXPECT_EQ(action("RPZ-passthru."), RpzAction::passthru);
  EXPECT_EQ(action("xau.example."), RpzAction::passthru);
  EXPECT_EQ(action("rpz-drop."), RpzAction::drop);
  EXPECT_EQ(action("rpz-tcp-only."), RpzAction::tcp_only);
  EXPECT_EQ(action("rpz-new."), RpzAction::unsupported);
  EXPECT_EQ(action("chan.example."), RpzAction::redirect);
  EXPECT_EQ(*rpz_action(trigger, type_a, Octets{192, 0, 2, 1}), RpzAction::local_data);
  EXPECT_EQ(rpz_action(trigger, type_cname, Octets{1, 'a'}).error(), WireError::bad_rdata);
}

TEST(RpzAction, TargetsReadBack) {
  const RpzTrigger trigger{.name = name_of("xau.example.")};
  for (const RpzAction action : {RpzAction::nxdomain, RpzAction::nodata, RpzAction::passthru,
                                 RpzAction::drop, RpzAction::tcp_only}) {
    EXPECT_EQ(*rpz_action(trigger, type_cname, rpz_action_target(action).wire()), action);
  }
}

}  // namespace
}  // namespace khien::dns
