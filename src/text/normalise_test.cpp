#include "text/normalise.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

TEST(ToNfc, ComposesAndRefuses) {
  EXPECT_EQ(*to_nfc("vie\u0302\u0323t"), "việt");
  EXPECT_EQ(*to_nfd("ế"), "e\u0302\u0301");
  EXPECT_EQ(to_nfc("\xFF").error().reason, "bad_utf8");
  EXPECT_EQ(to_nfc(std::string(normalise_size_max + 1, 'a')).error().code,
            ErrorCode::limit_exceeded);
}

TEST(Fold, VietnameseBecomesAscii) {
  EXPECT_EQ(fold("ĐĂNG NHẬP Tài Khoản Ngân hàng"), "dang nhap tai khoan ngan hang");
  EXPECT_EQ(fold("ƯỚNG Ỡ ợ Ữ ỹ Ỵ"), "uong o o u y y");
  EXPECT_EQ(fold("Ðồng"), "dong");  // U+00D0, typed for Đ
  EXPECT_EQ(fold("ＶＩＥＴＣＯＭＢＡＮＫ"), "vietcombank");
  EXPECT_EQ(fold("vi\u200Betcom\u00ADbank"), "vietcombank");
}

TEST(Fold, OtherScriptsKeepTheirLetters) {
  EXPECT_EQ(fold("Вьетком"), "вьетком");
  EXPECT_EQ(fold("ลาว"), "ลาว");
  EXPECT_EQ(fold("한국"), "한국");
}

// Every letter with every mark: the 134 accented letters of Vietnamese, both cases.
TEST(Fold, EveryVowelAndToneInNfcAndNfd) {
  struct Vowel {
    const char* written;
    char base;
  };
  const Vowel vowels[] = {{"a", 'a'}, {"ă", 'a'}, {"â", 'a'}, {"e", 'e'}, {"ê", 'e'}, {"i", 'i'},
                          {"o", 'o'}, {"ô", 'o'}, {"ơ", 'o'}, {"u", 'u'}, {"ư", 'u'}, {"y", 'y'},
                          {"A", 'a'}, {"Ă", 'a'}, {"Â", 'a'}, {"E", 'e'}, {"Ê", 'e'}, {"I", 'i'},
                          {"O", 'o'}, {"Ô", 'o'}, {"Ơ", 'o'}, {"U", 'u'}, {"Ư", 'u'}, {"Y", 'y'}};
  const char* const tones[] = {"", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"};
  for (const auto& vowel : vowels) {
    for (const char* tone : tones) {
      const std::string written = std::string{vowel.written} + tone;
      const std::string expected(1, vowel.base);
      EXPECT_EQ(fold(*to_nfc(written)), expected) << written;
      EXPECT_EQ(fold(*to_nfd(written)), expected) << written;
    }
  }
}

// NFC, NFD and the text itself fold alike, and folding twice changes nothing.
TEST(Fold, IsStableOnRandomText) {
  constexpr std::uint64_t seed = 20260822;
  SeededRng rng{seed};
  const char32_t starts[] = {0x20, 0xC0, 0x100, 0x300, 0x400, 0x1E00, 0xAC00, 0xFF00, 0x2000};
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i)
      append_utf8(text, starts[rng.below(9)] + static_cast<char32_t>(rng.below(0xA0)));
    const std::string folded = fold(text);
    ASSERT_EQ(fold(*to_nfc(text)), folded) << "seed " << seed << " round " << round;
    ASSERT_EQ(fold(*to_nfd(text)), folded) << "seed " << seed << " round " << round;
    ASSERT_EQ(fold(folded), folded) << "seed " << seed << " round " << round;
    ASSERT_TRUE(is_valid_utf8(folded));
  }
}

TEST(StripInvisible, TakesZeroWidthAndDirection) {
  EXPECT_EQ(strip_invisible("a\u200B\u202Eb\u2066c\uFEFF\u00ADd\x01\te\n"), "abcd\te\n");
  EXPECT_EQ(strip_invisible("Tiếng Việt"), "Tiếng Việt");
}

TEST(CollapseWhitespace, OneSpaceNoneAtTheEnds) {
  EXPECT_EQ(collapse_whitespace("\u00A0 a \t\n\u3000b "), "a b");
  EXPECT_EQ(collapse_whitespace(" \n "), "");
}

TEST(CleanLine, CleansAndLimits) {
  EXPECT_EQ(*clean_line("  Ngu\u200Bye\u0302\u0303n\tVăn  A ", 100), "Nguyễn Văn A");
  EXPECT_EQ(*clean_line("abcde", 5), "abcde");
  EXPECT_EQ(clean_line("abcdef", 5).error().reason, "text_too_long");
  EXPECT_EQ(clean_line("\xC3", 5).error().reason, "bad_utf8");
}

TEST(CleanText, KeepsLines) {
  EXPECT_EQ(*clean_text("a  b\r\nc\r\r\n\n\nd\n", 100), "a b\nc\n\nd");
  EXPECT_EQ(clean_text("ab\ncd", 4).error().reason, "text_too_long");
}

}  // namespace
}  // namespace khien::text
