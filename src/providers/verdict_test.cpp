// What follows from several probes, and percentiles: pure functions.
#include "providers/verdict.h"

#include <gtest/gtest.h>

#include "providers/summary.h"
#include "providers/work_list.h"

namespace khien::providers {
namespace {

using probe::Finding;

constexpr InstantMs now_ms = 1'795'800'000'000;

std::string_view over(std::vector<Sight> sights) { return verdict_over(sights, now_ms); }

TEST(VerdictOver, AgreesOrSaysThatItDoesNot) {
  EXPECT_EQ(over({}), "probe_broken");
  EXPECT_EQ(over({{Finding::enforced, now_ms}}), "enforced");
  EXPECT_EQ(over({{Finding::enforced, now_ms}, {Finding::enforced, now_ms - 1}}), "enforced");
  EXPECT_EQ(over({{Finding::enforced, now_ms}, {Finding::not_enforced, now_ms - 1}}), "contested");
  EXPECT_EQ(over({{Finding::enforced, now_ms}, {Finding::probe_broken, now_ms}}), "enforced");
  EXPECT_EQ(over({{Finding::probe_broken, now_ms}}), "probe_broken");
  EXPECT_EQ(over({{Finding::not_enforced, now_ms - sight_spread_max_ms - 1},
                  {Finding::enforced, now_ms}}),
            "enforced");
  EXPECT_EQ(over({{Finding::enforced, now_ms - sight_age_max_ms}}), "enforced");
  EXPECT_EQ(over({{Finding::enforced, now_ms - sight_age_max_ms - 1}}), "probe_broken");
}

TEST(Percentiles, AreNearestRanks) {
  EXPECT_EQ(percentiles({}).count, 0);
  const auto one = percentiles({1'001});
  EXPECT_EQ(one.p50_s, 2);
  EXPECT_EQ(one.p99_s, 2);
  std::vector<std::int64_t> hundred;
  for (std::int64_t i = 100; i >= 1; --i) hundred.push_back(i * 1'000);
  const auto all = percentiles(hundred);
  EXPECT_EQ(all.count, 100);
  EXPECT_EQ(all.p50_s, 50);
  EXPECT_EQ(all.p95_s, 95);
  EXPECT_EQ(all.p99_s, 99);
}

TEST(Plan, IsReadBack) {
  const std::vector<PlannedName> plan{
      {.order = cases::OrderId{"01KHNRDER00000000000000001"}, .name = "xau.example"},
      {.order = cases::OrderId{"01KHNRDER00000000000000002"},
       .name = "da-go.example",
       .expected = probe::Expected::resolving}};
  const auto text = plan_text(plan);
  const auto read = parse_plan(text);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(plan_text(*read), text);
  for (const auto* bad : {"", "{}", "[1]", R"([["a","b"]])", R"([["a","b","gone"]])"}) {
    EXPECT_EQ(parse_plan(bad).error().code, ErrorCode::corrupt) << bad;
  }
}

}  // namespace
}  // namespace khien::providers
