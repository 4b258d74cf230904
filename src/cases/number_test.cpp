#include "cases/number.h"

#include <gtest/gtest.h>

namespace khien::cases {
namespace {

// The example of ISO/IEC 7064 for MOD 37,36: A12425GABC1234002 has the check character M.
TEST(Number, ChecksAsTheStandardDoes) { EXPECT_EQ(check_character("A12425GABC1234002"), 'M'); }

TEST(Number, WritesAndReadsEachSeries) {
  for (const auto series : {Series::cases, Series::orders, Series::appeals}) {
    const auto text =
        format_number({.prefix = "NB", .year = 2026, .series = series, .count = 4217});
    EXPECT_EQ(read_number(text), text);
  }
  const auto text =
      format_number({.prefix = "NB", .year = 2026, .series = Series::cases, .count = 4217});
  EXPECT_EQ(text.substr(0, 13), "NB-26-004217-");
  const auto order =
      format_number({.prefix = "NB", .year = 2026, .series = Series::orders, .count = 7});
  EXPECT_EQ(order.substr(0, 14), "NB-26-L000007-");
}

TEST(Number, ReadsAsPeopleType) {
  const auto text =
      format_number({.prefix = "NB", .year = 2026, .series = Series::orders, .count = 7});
  std::string typed = " nb 26 l000007 ";
  typed += static_cast<char>(text.back());
  EXPECT_EQ(read_number(typed), text);
}

// Every single wrong character and every swap of neighbours is found.
TEST(Number, FindsSlipsOfTheTongue) {
  const auto good =
      format_number({.prefix = "NB", .year = 2026, .series = Series::cases, .count = 4217});
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i] == '-') continue;
    for (const char c : std::string_view{"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
      if (c == good[i]) continue;
      auto wrong = good;
      wrong[i] = c;
      EXPECT_NE(read_number(wrong), wrong) << wrong;
    }
    if (i + 1 < good.size() && good[i + 1] != '-' && good[i + 1] != good[i]) {
      auto swapped = good;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_FALSE(read_number(swapped).has_value()) << swapped;
    }
  }
}

TEST(Number, RefusesWhatIsNone) {
  for (const auto* bad : {"", "K", "NB-26-004217", "NB-26-004217-!", "ngân hàng",
                          "NB-26-004217-K-and-much-more-than-that"}) {
    EXPECT_FALSE(read_number(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace khien::cases
