#include "tally/report.h"

#include <gtest/gtest.h>

#include <map>

#include "codec/json.h"
#include "publish/zone_names.h"

namespace khien::tally {
namespace {

using codec::Json;

constexpr InstantMs now_ms = 1'772'416'800'000;  // 2026-03-02T02:00:00Z

Json rule(std::string_view source, std::string_view name, std::int64_t hits) {
  return Json::object({{"source", source}, {"name", name}, {"hits", hits}});
}
Json new_name(std::string_view name, std::int64_t networks) {
  return Json::object({{"name", name}, {"networks", networks}});
}
Json good() {
  return Json::object(
      {{"version", 1},
       {"id", "0123456789abcdef0123456789abcdef"},
       {"from", "2026-03-02T01:00:00Z"},
       {"to", "2026-03-02T01:59:59Z"},
       {"rules", Json::array({rule("orders-phishing", "xau.example", 120),
                              rule("emergency", "xn--ngn-hng-khn-cp-kgb2a9460k7ba.example", 10)})},
       {"rules_left_out", 3},
       {"new_names", Json::array({new_name("la.example", 40)})},
       {"new_names_dropped", 0}});
}

std::string reason_of(const Json& report) {
  const auto parsed = parse_report(report.dump(), now_ms);
  return parsed ? "" : parsed.error().reason;
}
std::string reason_with(std::string_view key, Json value) {
  auto report = good();
  report.set(key, std::move(value));
  return reason_of(report);
}

TEST(ResolverReport, IsReadWhole) {
  const auto report = parse_report(good().dump(), now_ms);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->id, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(report->to_ms, now_ms - 1'000);
  EXPECT_EQ(report->from_ms, now_ms - ms_per_hour);
  ASSERT_EQ(report->rules.size(), 2U);
  EXPECT_EQ(report->rules[0].source, "orders-phishing");
  EXPECT_EQ(report->rules[0].name, "xau.example");
  EXPECT_EQ(report->rules[0].hits, 120);
  EXPECT_EQ(report->rules_left_out, 3);
  ASSERT_EQ(report->new_names.size(), 1U);
  EXPECT_EQ(report->new_names[0].networks, 40);
}

TEST(ResolverReport, TakesEveryZoneOfOursAndNoOtherSource) {
  for (const auto& zone : publish::all_zones()) {
    EXPECT_EQ(reason_with("rules", Json::array({rule(zone.id, "a.test", 10)})), "") << zone.id;
  }
  for (const auto* source : {"", "network", "third-party-0", "orders-opinion", "Orders-phishing",
                             "orders-phishing.rpz.khien", "orders-choice-ads"}) {
    EXPECT_EQ(reason_with("rules", Json::array({rule(source, "a.test", 10)})), "bad_source")
        << source;
  }
}

TEST(ResolverReport, NamesAreWrittenInOneWay) {
  for (const auto* name : {"", "A.test", "a.test.", "ngân-hàng.example", "a..test", "192.0.2.1",
                           "a b.test", "*.a.test", "xn--a.test"}) {
    EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", name, 10)})), "bad_name") << name;
    EXPECT_EQ(reason_with("new_names", Json::array({new_name(name, 10)})), "bad_name") << name;
  }
  EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", "_dmarc.a.test", 10)})), "");
}

// Nothing is told of what fewer than ten questions were about.
TEST(ResolverReport, SumsTellOfNobody) {
  EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", "a.test", 9)})), "too_few_hits");
  EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", "a.test", -1)})), "bad_number");
  EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", "a.test", hits_max)})), "");
  EXPECT_EQ(reason_with("rules", Json::array({rule("emergency", "a.test", hits_max + 1)})),
            "bad_number");
  EXPECT_EQ(reason_with("new_names", Json::array({new_name("a.test", 0)})), "bad_number");
  EXPECT_EQ(reason_with("new_names", Json::array({new_name("a.test", networks_max + 1)})),
            "bad_number");
}

TEST(ResolverReport, TimesAreBounded) {
  const std::map<std::string, std::string> ends{
      {"2026-03-02T02:10:00Z", ""},
      {"2026-03-02T02:10:01Z", "report_in_the_future"},
      {"2026-03-02T00:59:59Z", "bad_time"},  // before it begins
      {"2026-02-30T00:00:00Z", "bad_time"},
      {"2026-03-02T24:00:00Z", "bad_time"},
      {"2026-03-02T01:60:00Z", "bad_time"},
      {"2026-03-02T01:00:60Z", "bad_time"},
      {"2026-03-02T02:00:00+00:00", "bad_time"},
      {"2026-03-02T02:00:00.5Z", "bad_time"},
      {"2026-03-02 02:00:00Z", "bad_time"},
      {"2026-03-02T02:00:0xZ", "bad_time"},
      {"", "bad_time"},
  };
  for (const auto& [to, reason] : ends) EXPECT_EQ(reason_with("to", to), reason) << to;

  const auto between = [](const char* from, const char* to) {
    auto report = good();
    report.set("from", from);
    report.set("to", to);
    return reason_of(report);
  };
  EXPECT_EQ(between("2026-03-01T00:00:00Z", "2026-03-02T02:00:00Z"), "");
  EXPECT_EQ(between("2026-02-28T23:59:59Z", "2026-03-02T02:00:00Z"), "report_too_long");
  EXPECT_EQ(between("2026-02-23T02:00:00Z", "2026-02-23T02:00:00Z"), "");
  EXPECT_EQ(between("2026-02-23T01:59:59Z", "2026-02-23T01:59:59Z"), "report_too_old");
}

TEST(ResolverReport, ReadsSecondsOfUtc) {
  EXPECT_EQ(parse_second("1970-01-01T00:00:00Z").value(), 0);
  EXPECT_EQ(parse_second("2026-03-02T02:00:00Z").value(), now_ms);
  EXPECT_EQ(parse_second("2024-02-29T23:59:59Z").value(), 1'709'251'199'000);
}

TEST(ResolverReport, AnythingElseIsRefusedWhole) {
  EXPECT_EQ(reason_of(Json::array()), "not_json");
  EXPECT_EQ(parse_report("{", now_ms).error().reason, "not_json");
  EXPECT_EQ(parse_report("{\"version\":1,\"version\":1}", now_ms).error().reason, "not_json");
  EXPECT_EQ(reason_with("version", 2), "bad_version");
  EXPECT_EQ(reason_with("client", "192.0.2.1"), "unknown_field");
  EXPECT_EQ(reason_with("id", "0123456789abcdef"), "bad_id");
  EXPECT_EQ(reason_with("id", "0123456789abcdef0123456789abcdeg"), "bad_id");
  EXPECT_EQ(reason_with("rules", Json::object()), "bad_field");
  EXPECT_EQ(reason_with("rules", Json::array({Json::array()})), "bad_field");
  EXPECT_EQ(reason_with("rules_left_out", -1), "bad_number");
  auto extra = new_name("a.test", 10);
  extra.set("network", "192.0.2.0/24");
  EXPECT_EQ(reason_with("new_names", Json::array({extra})), "unknown_field");
  const Json whole = good();
  for (const auto& member : whole.members()) {
    Json::Object others;
    for (const auto& other : whole.members()) {
      if (other.key != member.key) others.push_back(other);
    }
    EXPECT_EQ(reason_of(Json::from_members(others)), "bad_field") << member.key;
  }
}

TEST(ResolverReport, AnIdHasOneForm) {
  auto report = good();
  report.set("id", "0123456789ABCDEF0123456789abcdef");
  EXPECT_EQ(parse_report(report.dump(), now_ms)->id, "0123456789abcdef0123456789abcdef");
}

TEST(ResolverReport, RowsHaveAMaximum) {
  Json::Array names(report_new_names_max, new_name("a.test", 10));
  EXPECT_EQ(reason_with("new_names", Json{names}), "");
  names.push_back(new_name("a.test", 10));
  EXPECT_EQ(reason_with("new_names", Json{names}), "too_many_rows");
  Json::Array rules(report_rules_max, rule("pass", "a.test", 10));
  EXPECT_EQ(reason_with("rules", Json{rules}), "");
  rules.push_back(rule("pass", "a.test", 10));
  EXPECT_EQ(reason_with("rules", Json{rules}), "too_many_rows");
}

}  // namespace
}  // namespace khien::tally
