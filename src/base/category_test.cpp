#include "base/category.h"

#include <gtest/gtest.h>

namespace khien {
namespace {

// The fence as a test: this list changes only together with DESIGN section 2, in public.
TEST(Category, TheListIsClosed) {
  std::string ids;
  for (const auto& facts : all_categories()) ids += std::string{facts.id} + " ";
  EXPECT_EQ(ids,
            "phishing fraud malware unlawful-gambling spam intrusion child-abuse intimate-abuse "
            "illegal-trade threats choice-adult choice-gambling choice-ads ");
}

TEST(Category, StandsInTheOrderOfTheEnumAndReadsWhatItWrites) {
  for (std::size_t i = 0; i < category_count; ++i) {
    const auto category = static_cast<Category>(i);
    EXPECT_EQ(facts_of(category).category, category);
    EXPECT_EQ(parse_category(to_string(category)), category);
  }
  for (const char* id : {"", "Phishing", "politics", "religion", "opinion", "news", "phishing "}) {
    EXPECT_FALSE(parse_category(id).has_value()) << id;
  }
}

TEST(Category, NoOrderIsPossibleForAChoiceAndNoneOutlivesAYear) {
  for (const auto& facts : all_categories()) {
    EXPECT_EQ(is_choice(facts.category), facts.id.starts_with("choice-")) << facts.id;
    EXPECT_LE(facts.order_days_max, 365) << facts.id;
    EXPECT_LE(facts.order_days_default, facts.order_days_max) << facts.id;
  }
}

}  // namespace
}  // namespace khien
