#include "store/value.h"

#include <gtest/gtest.h>

namespace khien::store {
namespace {

struct ThingTag;

TEST(Value, TakesWhatDomainCodeHolds) {
  EXPECT_TRUE(Value{}.is_null());
  EXPECT_TRUE(Value{nullptr}.is_null());
  EXPECT_TRUE(Value{std::optional<std::string>{}}.is_null());
  EXPECT_TRUE(Value{Id<ThingTag>{}}.is_null());
  EXPECT_EQ(Value{true}, Value{std::int64_t{1}});
  EXPECT_EQ(Value{"a"}, Value{std::string{"a"}});
  EXPECT_EQ(Value{std::optional<int>{7}}, Value{std::int64_t{7}});
  EXPECT_FALSE(Value{Octets{}}.is_null());
}

TEST(Value, StorableTextIsUtf8WithoutNul) {
  EXPECT_TRUE(is_storable_text(""));
  EXPECT_TRUE(is_storable_text("Khiên \xF0\x9F\x9B\xA1"));
  EXPECT_FALSE(is_storable_text(std::string_view{"a\0b", 3}));
  EXPECT_FALSE(is_storable_text("\xC0\xAF"));          // overlong
  EXPECT_FALSE(is_storable_text("\xE0\x80\x80"));      // overlong
  EXPECT_FALSE(is_storable_text("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_storable_text("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_storable_text("\x80"));
}

TEST(Value, StorableTextRefusesEveryTruncation) {
  for (const std::string_view whole : {"\xC3\xAA", "\xE1\xBA\xBF", "\xF0\x9F\x9B\xA1"}) {
    EXPECT_TRUE(is_storable_text(whole));
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(is_storable_text(whole.substr(0, size))) << size;
    }
  }
}

TEST(RowDeathTest, ReadingAnotherTypeIsABug) {
  const Row row{{Value{1}, Value{"a"}, Value{}}};
  EXPECT_EQ(row.integer(0), 1);
  EXPECT_EQ(row.text(1), "a");
  EXPECT_EQ(row.optional_text(2), std::nullopt);
  EXPECT_DEATH((void)row.text(0), "");
  EXPECT_DEATH((void)row.integer(2), "");
  EXPECT_DEATH((void)row.integer(3), "");
}

}  // namespace
}  // namespace khien::store
