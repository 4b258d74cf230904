#include "policy/policy_document.h"

#include <gtest/gtest.h>

#include "policy/policy_text.h"
#include "policy/test_names.h"

namespace khien::policy {
namespace {

constexpr AddressKey school = AddressKey::v4(0xC000'0205);             // 192.0.2.5
constexpr AddressKey stranger = AddressKey::v4(0xC633'6401);           // 198.51.100.1
constexpr InstantMs monday_9_h = 1'767'571'200'000 + 2 * ms_per_hour;  // 2026-01-05 09:00 +07:00

PolicyDocumentContext context() {
  return {.key = {.a = 1, .b = 3},
          .others = {.sources = lawful_sources() | mask_of(Basis::feeds)},
          .has_sinkhole = true};
}

Result<std::shared_ptr<const PolicyBook>> read(std::string_view text) {
  const auto given = context();
  return read_policies(text, given);
}
// A document of one policy "p" and one network on 192.0.2.0/24.
std::string document(const std::string& policy, const std::string& network = "") {
  return R"({"version": 1, "policies": {"p": {)" + policy +
         R"(}}, "networks": [{"name": "n", "policy": "p", "prefixes": ["192.0.2.0/24"])" + network +
         "}]}";
}
std::string refusal(std::string_view text) {
  const auto book = read(text);
  return book ? "" : book.error().message;
}
NetworkPolicy policy_at(const std::string& text, InstantMs now_ms, AddressKey client = school) {
  const auto book = read(text);
  if (!book) {
    ADD_FAILURE() << book.error().message;
    return {};
  }
  return in_force(**book, now_ms, nullptr)->of(client, no_entry_point);
}

TEST(PolicyDocument, TheSmallestOneChangesNothing) {
  const auto book = read(R"({"version": 1})");
  ASSERT_TRUE(book.has_value()) << book.error().message;
  const auto policies = in_force(**book, 0, nullptr);
  EXPECT_EQ(policies->of(school, no_entry_point).policy, context().others);
}

TEST(PolicyDocument, ANetworkHasItsPolicyAndOthersHaveTheDefault) {
  const std::string text = document(R"("choices": ["choice-adult"], "action": "nodata",
                                       "safe_search": ["google", "youtube-moderate"])");
  const NetworkPolicy policy = policy_at(text, 0);
  EXPECT_EQ(policy.policy.sources,
            lawful_sources() | mask_of(Basis::feeds) | mask_of(source_named("choice-adult")));
  EXPECT_EQ(policy.blocked_as, BlockedAs::nodata);
  EXPECT_EQ(policy.safe_search, safe_google | safe_youtube_moderate);
  EXPECT_EQ(policy_at(text, 0, stranger).policy, context().others);
}

TEST(PolicyDocument, OrdersAreInEveryPolicy) {
  EXPECT_EQ(policy_at(document(R"("feeds": [])"), 0).policy.sources, lawful_sources());
  EXPECT_EQ(policy_at(document(R"("feeds": ["phishing"])"), 0).policy.sources,
            lawful_sources() | mask_of(source_named("feeds-phishing")));
  EXPECT_EQ(refusal(document(R"("orders": [])")),
            "/policies/p/orders: orders hold for everybody: no network can choose");
}

TEST(PolicyDocument, SchedulesFollowTheHoursOfTheNetworksOffset) {
  const std::string hours = R"("schedules": [{"choices": ["choice-ads"], "set": "on",
                              "days": ["mon"], "from": "07:00", "to": "10:00"}])";
  const auto has_ads = [&](const std::string& text, InstantMs now_ms) {
    return (policy_at(text, now_ms).policy.sources & mask_of(source_named("choice-ads"))) != 0;
  };
  EXPECT_TRUE(has_ads(document(hours), monday_9_h));
  EXPECT_FALSE(has_ads(document(hours), monday_9_h + ms_per_hour));
  EXPECT_FALSE(has_ads(document(hours), monday_9_h + ms_per_day));
  EXPECT_FALSE(has_ads(document(hours, R"(, "utc_offset": "+09:00")"), monday_9_h));
}

TEST(PolicyDocument, IsPublishedAgainOnlyWhereSomethingBeginsOrEnds) {
  const auto book = read(document(R"("schedules": [{"choices": ["choice-ads"], "set": "on",
      "from": "07:00", "to": "10:00"}], "allow": [{"name": "a.example", "until": "2026-01-05"}])"));
  ASSERT_TRUE(book.has_value()) << book.error().message;
  const auto at_9 = in_force(**book, monday_9_h, nullptr);
  EXPECT_EQ(in_force(**book, monday_9_h + 59 * ms_per_minute, at_9), at_9);
  const auto at_10 = in_force(**book, monday_9_h + ms_per_hour, at_9);
  EXPECT_NE(at_10, at_9);
  EXPECT_EQ(in_force(**book, monday_9_h + 14 * ms_per_hour, at_10), at_10);
  EXPECT_NE(in_force(**book, monday_9_h + 15 * ms_per_hour, at_10), at_10);  // the day is over
}

Verdict verdict_for(const std::string& text, std::string_view blocking_source,
                    const std::string& qname, InstantMs now_ms = 0) {
  const auto book = read(text);
  if (!book) {
    ADD_FAILURE() << book.error().message;
    return {};
  }
  Rules rules;
  rules.base = RuleSet::from_table(NameTable{context().key}, {}, 0);
  NameTable delta{context().key};
  const SourceMask mask = mask_of(source_named(blocking_source));
  EXPECT_TRUE(
      delta.set(NameKey{wire_of("bad.example"), context().key}, {.exact = mask, .below = mask}));
  set_deltas(rules, delta);
  const auto policies = in_force(**book, now_ms, nullptr);
  const NameKey name{wire_of(qname), context().key};
  return policies->decide(policies->of(school, no_entry_point), rules, name).verdict;
}

TEST(PolicyDocument, AnExceptionWinsOverFeedsAndChoicesButNotOverOrders) {
  const std::string text = document(R"("choices": ["choice-ads"], "allow": ["bad.example"])");
  EXPECT_FALSE(verdict_for(text, "feeds-fraud", "bad.example").blocks());
  EXPECT_FALSE(verdict_for(text, "choice-ads", "www.bad.example").blocks());
  EXPECT_TRUE(verdict_for(text, "orders-fraud", "bad.example").blocks());
  EXPECT_TRUE(verdict_for(text, "emergency", "bad.example").blocks());
}

TEST(PolicyDocument, TheMostSpecificNameOfANetworksOwnCounts) {
  const std::string text =
      document(R"("allow": ["bad.example"], "block": [{"name": "own.example", "scope": "host"}])",
               R"(, "allow": ["www.own.example"], "block": ["www.bad.example"])");
  EXPECT_FALSE(verdict_for(text, "feeds-fraud", "bad.example").blocks());
  EXPECT_TRUE(verdict_for(text, "feeds-fraud", "a.www.bad.example").blocks());
  EXPECT_TRUE(verdict_for(text, "feeds-fraud", "own.example").blocks());
  EXPECT_FALSE(verdict_for(text, "feeds-fraud", "a.own.example").blocks());
  EXPECT_EQ(verdict_for(text, "feeds-fraud", "own.example").source, source_network);
  EXPECT_EQ(extended_error_code(source_network), 17);
}

TEST(PolicyDocument, AnOwnNameCountsThroughItsLastDay) {
  const std::string text = document(R"("allow": [{"name": "bad.example", "until": "2026-01-05"}])");
  EXPECT_FALSE(verdict_for(text, "feeds-fraud", "bad.example", monday_9_h).blocks());
  EXPECT_TRUE(
      verdict_for(text, "feeds-fraud", "bad.example", monday_9_h + 15 * ms_per_hour).blocks());
}

TEST(PolicyDocument, PoliciesThatDecideAlikeHaveOneDecisionNumber) {
  const auto book = read(R"({"version": 1,
    "policies": {"a": {"action": "nodata"}, "b": {}, "c": {"choices": ["choice-ads"]}},
    "networks": [{"name": "1", "policy": "a", "prefixes": ["192.0.2.0/24"]},
                 {"name": "2", "policy": "b", "dot": ["Two.Example"]},
                 {"name": "3", "policy": "c", "doh": ["/dns-query/3"], "listeners": ["[::1]:53"]},
                 {"name": "4", "policy": "a", "prefixes": ["2001:db8::/32"],
                  "allow": ["shop.example"]}]})");
  ASSERT_TRUE(book.has_value()) << book.error().message;
  const auto policies = in_force(**book, 0, nullptr);
  const auto decision = [&](AddressKey source, EntryPoint entry) {
    return policies->of(source, entry).decision;
  };
  const auto others = decision(stranger, no_entry_point);
  const auto three = decision(stranger, entry_point(EntryKind::doh_path, "/dns-query/3"));
  const auto four = decision({.high = 0x2001'0DB8'0000'0001, .low = 1}, no_entry_point);
  EXPECT_EQ(decision(school, no_entry_point), others);
  EXPECT_EQ(decision(stranger, entry_point(EntryKind::dot_name, "two.example")), others);
  EXPECT_NE(three, others);
  EXPECT_EQ(decision(stranger, entry_point(EntryKind::listener, "[::1]:53")), three);
  EXPECT_NE(four, others);
  EXPECT_NE(four, three);
}

TEST(PolicyDocument, EachMistakeIsRefusedWithItsPlace) {
  const auto starts = [](const std::string& text, std::string_view expected) {
    EXPECT_EQ(refusal(text).substr(0, expected.size()), expected) << text;
  };
  starts("[]", "/: expected an object");
  starts("{}", "/version: expected 1");
  starts(R"({"version": 2})", "/version: expected 1");
  starts(R"({"version": 1, "x/y": 1})", "/x~1y: unknown key");
  starts(R"({"version": 1, "default": "p"})", "/default: there is no policy \"p\"");
  starts(R"({"version": 1, "utc_offset": "+7"})", "/utc_offset: expected an offset");
  starts(R"({"version": 1, "networks": {}})", "/networks: expected an array");
  starts(document(R"("feeds": ["politics"])"), "/policies/p/feeds/0: there is no feed category");
  starts(document(R"("feeds": ["choice-ads"])"), "/policies/p/feeds/0: there is no feed category");
  starts(document(R"("choices": ["phishing"])"),
         "/policies/p/choices/0: there is no network choice");
  starts(document(R"("action": "drop")"), "/policies/p/action: expected nxdomain");
  starts(document(R"("safe_search": ["ask"])"), "/policies/p/safe_search/0: there is no safe");
  starts(document(R"("allow": ["com"])"), "/policies/p/allow/0: nobody may");
  starts(document(R"("allow": ["."])"), "/policies/p/allow/0: nobody may");
  starts(document(R"("allow": ["*.a.example"])"), "/policies/p/allow/0: write the name");
  starts(document(R"("allow": ["a..example"])"), "/policies/p/allow/0: no domain name");
  starts(document(R"("allow": ["b\u00e1n.example"])"), "/policies/p/allow/0: write it as");
  starts(document(R"("allow": ["a.example", "A.example."])"),
         "/policies/p/allow/1: the name comes");
  starts(document(R"("allow": ["a.example"], "block": ["a.example"])"), "/policies/p/block/0: the");
  starts(document(R"("allow": [{"name": "a.example", "until": "2026-02-30"}])"),
         "/policies/p/allow/0/until: expected a date");
  starts(document(R"("allow": [{"scope": "host"}])"), "/policies/p/allow/0/name: is missing");
  starts(document(R"("schedules": [{"choices": ["choice-ads"], "set": "on", "from": "25:00"}])"),
         "/policies/p/schedules/0/from: expected an hour");
  starts(document(R"("schedules": [{"choices": [], "set": "on"}])"),
         "/policies/p/schedules/0/choices: expected at least");
  starts(document(R"("schedules": [{"choices": ["choice-ads"], "set": "on", "days": ["t2"]}])"),
         "/policies/p/schedules/0/days/0: expected mon");
  starts(document("", R"(, "policy2": "p")"), "/networks/0/policy2: unknown key");
  starts(document("", R"(, "dot": ["a b"])"), "");
  starts(document("", R"(, "doh": ["dns-query"])"), "/networks/0/doh/0: expected a path");
  starts(document("", R"(, "listeners": ["192.0.2.1"])"), "/networks/0/listeners/0: expected ADDR");
  const auto prefix = [](std::string_view text) {
    return R"({"version": 1, "policies": {"p": {}}, "networks": [{"name": "n", "policy": "p",
               "prefixes": [")" +
           std::string{text} + "\"]}]}";
  };
  starts(prefix("192.0.2.1/24"), "/networks/0/prefixes/0: bits beyond");
  starts(prefix("192.0.2.0/33"), "/networks/0/prefixes/0: no prefix");
  starts(prefix("192.0.2.0/08"), "/networks/0/prefixes/0: no prefix");
  starts(prefix("192.0.2"), "/networks/0/prefixes/0: no prefix");
  starts(R"({"version": 1, "policies": {"p": {}}, "networks": [{"name": "n", "policy": "p"}]})",
         "/networks/0: nobody is in it");
}

TEST(PolicyDocument, TwoNetworksShareNoDoor) {
  const auto two = [](const std::string& door) {
    return R"({"version": 1, "policies": {"p": {}}, "networks": [
               {"name": "a", "policy": "p", )" +
           door + R"(},
               {"name": "b", "policy": "p", )" +
           door + "}]}";
  };
  EXPECT_EQ(refusal(two(R"("prefixes": ["192.0.2.0/24"])")),
            "/networks/1/prefixes/0: \"192.0.2.0/24\" belongs to \"a\" already");
  EXPECT_NE(refusal(two(R"("dot": ["a.example"])")), "");
  EXPECT_NE(refusal(two(R"("doh": ["/a"])")), "");
  EXPECT_NE(refusal(two(R"("listeners": ["192.0.2.1:53"])")), "");
}

// "[", `count` items, "]".
template <typename Item>
std::string array_of(std::size_t count, Item&& item) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) text += ",";
    text += item(i);
  }
  return text + "]";
}
std::string address(std::size_t i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255);
}

TEST(PolicyDocument, Holds10000NetworksAndNoMore) {
  const auto text = [](std::size_t count) {
    return R"({"version": 1, "policies": {"p": {}}, "networks": )" +
           array_of(count,
                    [](std::size_t i) {
                      return R"({"name": "n)" + std::to_string(i) +
                             R"(", "policy": "p", "prefixes": [")" + address(i) + "\"]}";
                    }) +
           "}";
  };
  const auto book = read(text(networks_max));
  ASSERT_TRUE(book.has_value()) << book.error().message;
  EXPECT_EQ((*book)->network_count, networks_max);
  EXPECT_EQ(refusal(text(networks_max + 1)), "/networks/10000: more than 10000 networks");
}

TEST(PolicyDocument, Holds65536PrefixesAndNoMore) {
  const auto text = [](std::size_t count) {
    return R"({"version": 1, "policies": {"p": {}}, "networks": [{"name": "n", "policy": "p",
               "prefixes": )" +
           array_of(count, [](std::size_t i) { return "\"" + address(i) + "\""; }) + "}]}";
  };
  EXPECT_EQ(refusal(text(network_prefixes_max)), "");
  EXPECT_EQ(refusal(text(network_prefixes_max + 1)),
            "/networks/0/prefixes/65536: more than 65536 prefixes");
}

TEST(PolicyDocument, Holds65536EntryPointsAndNoMore) {
  const auto text = [](std::size_t count) {
    return R"({"version": 1, "policies": {"p": {}}, "networks": [{"name": "n", "policy": "p",
               "doh": )" +
           array_of(count, [](std::size_t i) { return "\"/" + std::to_string(i) + "\""; }) + "}]}";
  };
  EXPECT_EQ(refusal(text(entry_points_max)), "");
  EXPECT_NE(refusal(text(entry_points_max + 1)), "");
}

TEST(PolicyDocument, Holds100000OwnNamesAndNoMore) {
  const auto text = [](std::size_t count) {
    return R"({"version": 1, "policies": {"p": {"block": )" +
           array_of(count, [](std::size_t i) { return "\"n" + std::to_string(i) + ".example\""; }) +
           "}}}";
  };
  EXPECT_EQ(refusal(text(own_names_max)), "");
  EXPECT_EQ(refusal(text(own_names_max + 1)),
            "/policies/p/block/100000: more than 100000 names of networks' own");
}

TEST(PolicyDocument, Holds10000PoliciesAnd64SchedulesOfEach) {
  const auto policies = [](std::size_t count) {
    std::string list =
        array_of(count, [](std::size_t i) { return "\"" + std::to_string(i) + "\":{}"; });
    list.front() = '{';
    list.back() = '}';
    return R"({"version": 1, "policies": )" + list + "}";
  };
  EXPECT_EQ(refusal(policies(policies_max)), "");
  EXPECT_NE(refusal(policies(policies_max + 1)), "");
  const auto schedules = [](std::size_t count) {
    return document("\"schedules\": " + array_of(count, [](std::size_t) {
                      return R"({"choices": ["choice-ads"], "set": "on"})";
                    }));
  };
  EXPECT_EQ(refusal(schedules(schedules_max)), "");
  EXPECT_NE(refusal(schedules(schedules_max + 1)), "");
}

TEST(PolicyDocument, HasAtMost16MebiOctets) {
  std::string text = R"({"version": 1})";
  text.resize(policy_document_size_max, ' ');
  EXPECT_EQ(refusal(text), "");
  text += ' ';
  EXPECT_NE(refusal(text), "");
}

TEST(PolicyText, HoursDaysOffsetsAndDates) {
  EXPECT_EQ(parse_hour("07:30"), 450);
  EXPECT_EQ(parse_hour("24:00"), 1'440);
  for (const auto* text : {"24:01", "7:30", "07:60", "07-30", "", "-1:00"}) {
    EXPECT_EQ(parse_hour(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_utc_offset("+07:00"), 420);
  EXPECT_EQ(parse_utc_offset("-03:30"), -210);
  EXPECT_EQ(parse_utc_offset("+14:01"), std::nullopt);
  EXPECT_EQ(parse_last_day("1970-01-01"), ms_per_day);
  EXPECT_EQ(parse_last_day("2026-1-1"), std::nullopt);
  EXPECT_EQ(parse_listener("[2001:DB8:0::1]:53"), "[2001:db8::1]:53");
  EXPECT_EQ(parse_listener("2001:db8::1:53"), std::nullopt);
  EXPECT_EQ(parse_listener("192.0.2.1:65536"), std::nullopt);
}

}  // namespace
}  // namespace khien::policy
