#include "codec/crockford.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace khien::codec {
namespace {

TEST(RandomCode, HasFiveGroupsOfFourAndIsItsOwnNormalForm) {
  SeededRng rng{1};
  const auto code = random_code(rng);
  EXPECT_EQ(code.size(), 24U) << code;
  const auto normal = normalise_code(code);
  ASSERT_TRUE(normal.has_value());
  EXPECT_EQ(normal->size(), 20U);
}

TEST(RandomCode, DoesNotRepeat) {
  SeededRng rng{2};
  std::set<std::string> codes;
  for (int i = 0; i < 1'000; ++i) codes.insert(random_code(rng, code_bits_min));
  EXPECT_EQ(codes.size(), 1'000U);
}

TEST(NormaliseCode, ReadsWhatAPersonTypes) {
  const std::string check(1, code_check("10AB"));
  const auto plain = normalise_code("10AB" + check);
  ASSERT_TRUE(plain.has_value());
  for (const std::string typed : {"lo ab", "IOAB", "l0-a-b", " 1OAB"})
    EXPECT_EQ(normalise_code(typed + check).value(), *plain) << typed;
}

TEST(NormaliseCode, RefusesEverySingleWrongCharacter) {
  SeededRng rng{3};
  const auto code = normalise_code(random_code(rng)).value();
  for (std::size_t i = 0; i < code.size(); ++i) {
    for (const char c : std::string_view{"0123456789ABCDEFGHJKMNPQRSTVWXYZ"}) {
      auto wrong = code;
      wrong[i] = c;
      EXPECT_EQ(normalise_code(wrong).has_value(), c == code[i]) << wrong;
    }
  }
}

TEST(NormaliseCode, RefusesOtherCharactersAndSizes) {
  for (const auto& typed :
       std::vector<std::string>{"", "0", "ABCU", "ABC*", "Ấ", std::string(129, '0')}) {
    const auto refused = normalise_code(typed);
    ASSERT_FALSE(refused.has_value()) << typed;
    EXPECT_EQ(refused.error().reason, "bad_code");
  }
  EXPECT_TRUE(normalise_code(std::string(code_text_size_max, '0')).has_value());
}

}  // namespace
}  // namespace khien::codec
