#include "text/utf8.h"

#include <gtest/gtest.h>

namespace khien::text {
namespace {

TEST(NextCodePoint, ReadsEachSize) {
  EXPECT_EQ(next_code_point("a")->value, U'a');
  EXPECT_EQ(next_code_point("đ")->value, U'đ');
  EXPECT_EQ(next_code_point("ế")->value, U'ế');
  EXPECT_EQ(next_code_point("😀")->size, 4U);
}

TEST(NextCodePoint, RefusesIllFormed) {
  // Lone continuation, overlong, surrogate, above U+10FFFF, cut off.
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\xE1\xBA", "\xFF", ""}) {
    EXPECT_FALSE(next_code_point(bad).has_value());
  }
}

TEST(IsValidUtf8, EveryTruncationInsideACharacterFails) {
  const std::string text = "Đăng nhập 😀";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto start = std::string_view{text}.substr(0, size);
    const bool boundary =
        size == text.size() || (static_cast<unsigned char>(text[size]) & 0xC0U) != 0x80U;
    EXPECT_EQ(is_valid_utf8(start), boundary) << size;
  }
}

TEST(AppendUtf8, IsTheInverseOfReading) {
  for (char32_t value = 1; value <= 0x10FFFF; value += 97) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string out;
    append_utf8(out, value);
    const auto read = next_code_point(out);
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(read->value, value);
    ASSERT_EQ(read->size, out.size());
  }
}

TEST(Truncate, KeepsLettersWithTheirMarks) {
  const std::string decomposed = "ie\u0302\u0301t";  // i ế t in NFD: 1 + 1 + 2 + 2 + 1 octets
  EXPECT_EQ(truncate(decomposed, 5), "i");
  EXPECT_EQ(truncate(decomposed, 6), "ie\u0302\u0301");
  EXPECT_EQ(truncate(decomposed, 100), decomposed);
  EXPECT_EQ(truncate("đđ", 3), "đ");
  EXPECT_EQ(truncate("abc", 0), "");
}

TEST(Truncate, CutsAnEndlessClusterBetweenCodePoints) {
  std::string tower = "a";
  for (int i = 0; i < 100; ++i) tower += "\u0301";
  const auto cut = truncate(tower, 20);
  EXPECT_EQ(cut.size(), 19U);
  EXPECT_TRUE(is_valid_utf8(cut));
}

TEST(Trim, TakesAsciiWhiteSpaceOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("   "), "");
}

}  // namespace
}  // namespace khien::text
