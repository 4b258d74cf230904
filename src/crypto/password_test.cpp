#include "crypto/password.h"

#include <gtest/gtest.h>

namespace khien::crypto {
namespace {

TEST(Password, IsVerifiedAndAnotherIsNot) {
  const auto hash = hash_password("mật khẩu của chị Lan", password_cost_for_tests);
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(verify_password(*hash, "mật khẩu của chị Lan"));
  EXPECT_FALSE(verify_password(*hash, "mật khẩu của chị Lam"));
  EXPECT_FALSE(verify_password(*hash, ""));
}

TEST(Password, HashesDifferByTheirSalt) {
  const auto first = hash_password("same", password_cost_for_tests);
  const auto second = hash_password("same", password_cost_for_tests);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
}

TEST(Password, RefusesMoreThanTheMaximum) {
  const std::string longest(password_size_max, 'a');
  ASSERT_TRUE(hash_password(longest, password_cost_for_tests).has_value());
  const auto refused = hash_password(longest + "a", password_cost_for_tests);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
}

TEST(Password, UnreadableHashesAreFalse) {
  EXPECT_FALSE(verify_password("", "x"));
  EXPECT_FALSE(verify_password("$argon2id$v=19$m=8", "x"));
  EXPECT_FALSE(verify_password(std::string(500, 'a'), "x"));
}

TEST(Password, SaysWhenTheCostIsNoLongerOurs) {
  const auto hash = hash_password("x", password_cost_for_tests);
  ASSERT_TRUE(hash.has_value());
  EXPECT_FALSE(needs_rehash(*hash, password_cost_for_tests));
  EXPECT_TRUE(needs_rehash(*hash, password_cost));
}

}  // namespace
}  // namespace khien::crypto
