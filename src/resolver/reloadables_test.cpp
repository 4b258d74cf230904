#include "resolver/reloadables.h"

#include <gtest/gtest.h>

namespace khien::resolver {
namespace {

TEST(Reloadables, AFailureHoldsUpNobodyAndIsCounted) {
  Metrics metrics;
  Reloadables parts{metrics};
  std::string order;
  bool second_is_bad = true;
  parts.add("first", [&]() -> Result<bool> { return order += '1', true; });
  parts.add("second", [&]() -> Result<bool> {
    order += '2';
    if (second_is_bad) return fail(ErrorCode::malformed, "line 7: not a prefix");
    return false;
  });
  parts.add("third", [&]() -> Result<bool> { return order += '3', false; });
  EXPECT_EQ(parts.run(), 1U);
  second_is_bad = false;
  EXPECT_EQ(parts.run(), 0U);
  EXPECT_EQ(order, "123123");
  const std::string text = metrics.exposition();
  const auto has = [&](std::string_view part, std::string_view outcome, int count) {
    return text.find("khien_dnsd_reloads_total{part=\"" + std::string{part} + "\",outcome=\"" +
                     std::string{outcome} + "\"} " + std::to_string(count) + "\n") !=
           std::string::npos;
  };
  EXPECT_TRUE(has("first", "changed", 2)) << text;
  EXPECT_TRUE(has("second", "failed", 1)) << text;
  EXPECT_TRUE(has("second", "same", 1)) << text;
  EXPECT_TRUE(has("third", "same", 2)) << text;
}

}  // namespace
}  // namespace khien::resolver
