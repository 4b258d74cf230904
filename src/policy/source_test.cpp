#include "policy/source.h"

#include <gtest/gtest.h>

#include <set>

namespace khien::policy {
namespace {

TEST(Source, EveryOneHasItsOwnNameAndIsReadBack) {
  std::set<std::string> ids;
  for (std::uint8_t i = 0; i < source_count; ++i) {
    const Source source{i};
    ids.insert(source_id(source));
    EXPECT_EQ(parse_source(source_id(source)), source) << source_id(source);
  }
  EXPECT_EQ(ids.size(), source_count);
}

TEST(Source, IsMadeOfBasisAndCategory) {
  const auto source = source_of(Basis::orders, Category::phishing);
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ(source_id(*source), "orders-phishing");
  EXPECT_EQ(basis_of(*source), Basis::orders);
  EXPECT_EQ(category_of(*source), Category::phishing);
}

TEST(Source, RefusesPairsThatCannotBe) {
  EXPECT_FALSE(source_of(Basis::orders, Category::choice_ads).has_value());
  EXPECT_FALSE(source_of(Basis::feeds, Category::choice_adult).has_value());
  EXPECT_FALSE(source_of(Basis::choice, Category::fraud).has_value());
  for (const auto id : {"", "orders", "orders-", "orders-choice-ads", "choice-fraud", "news",
                        "emergency-fraud", "orders-politics", "choice-"}) {
    EXPECT_FALSE(parse_source(id).has_value()) << id;
  }
}

TEST(Source, PrecedenceIsPassEmergencyOrdersFeedsChoices) {
  EXPECT_LT(mask_of(source_pass), mask_of(source_emergency));
  EXPECT_LT(mask_of(source_emergency), mask_of(Basis::orders));
  EXPECT_LT(mask_of(Basis::orders), mask_of(Basis::feeds));
  EXPECT_LT(mask_of(Basis::feeds), mask_of(Basis::choice));
  EXPECT_EQ(mask_of(source_pass) | mask_of(Basis::emergency) | mask_of(Basis::orders) |
                mask_of(Basis::feeds) | mask_of(Basis::choice),
            every_source);
}

TEST(Source, ExtendedErrorSaysWhoWantedIt) {
  EXPECT_EQ(extended_error_code(*parse_source("orders-fraud")), 16);
  EXPECT_EQ(extended_error_code(source_emergency), 16);
  EXPECT_EQ(extended_error_code(*parse_source("feeds-malware")), 15);
  EXPECT_EQ(extended_error_code(*parse_source("choice-ads")), 17);
}

}  // namespace
}  // namespace khien::policy
