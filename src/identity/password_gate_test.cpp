#include "identity/password_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace khien::identity {
namespace {

using namespace std::chrono_literals;

TEST(PasswordGate, HashesAndVerifies) {
  PasswordGate gate{crypto::password_cost_for_tests};
  const auto hash = gate.hash("một mật khẩu dài");
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(gate.verify(*hash, "một mật khẩu dài").value());
  EXPECT_FALSE(gate.verify(*hash, "một mật khẩu khác").value());
  EXPECT_FALSE(gate.verify_nobody("a password that nobody has").value());
  EXPECT_FALSE(gate.needs_rehash(*hash));
}

TEST(PasswordGate, RefusesTooShortAndTooLong) {
  PasswordGate gate{crypto::password_cost_for_tests};
  EXPECT_TRUE(gate.hash(std::string(password_size_min, 'a')).has_value());
  EXPECT_TRUE(gate.hash(std::string(password_text_max, 'a')).has_value());
  EXPECT_EQ(gate.hash(std::string(password_size_min - 1, 'a')).error().reason,
            "password_too_short");
  EXPECT_EQ(gate.hash(std::string(password_text_max + 1, 'a')).error().reason, "password_too_long");
}

TEST(PasswordGate, LetsInOnlySoManyAtOnce) {
  PasswordGate gate{crypto::password_cost_for_tests, 0ms};
  std::vector<PasswordGate::Place> inside;
  for (int i = 0; i < password_checks_at_once_max; ++i) {
    auto place = gate.enter();
    ASSERT_TRUE(place.has_value());
    inside.push_back(std::move(*place));
  }
  const auto refused = gate.verify_nobody("x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "busy");
  inside.pop_back();
  EXPECT_TRUE(gate.verify_nobody("x").has_value());
}

}  // namespace
}  // namespace khien::identity
