#include "identity/attempts.h"

#include <gtest/gtest.h>

namespace khien::identity {
namespace {

TEST(Attempts, StopAtTheBurstAndComeBackWithTime) {
  Attempts attempts{{.burst = 3, .refill_ms = 1'000}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(attempts.take("lan", 0));
  EXPECT_FALSE(attempts.take("lan", 999));
  EXPECT_TRUE(attempts.take("lan", 1'000));
  EXPECT_FALSE(attempts.take("lan", 1'999));
  EXPECT_TRUE(attempts.take("minh", 0));
}

TEST(Attempts, NeverHoldMoreThanTheBurst) {
  Attempts attempts{{.burst = 2, .refill_ms = 1'000}};
  EXPECT_TRUE(attempts.take("lan", 0));
  EXPECT_TRUE(attempts.take("lan", 1'000'000));
  EXPECT_TRUE(attempts.take("lan", 1'000'000));
  EXPECT_FALSE(attempts.take("lan", 1'000'000));
}

TEST(Attempts, AreForgivenAfterASuccess) {
  Attempts attempts{{.burst = 1, .refill_ms = 1'000}};
  EXPECT_TRUE(attempts.take("lan", 0));
  EXPECT_FALSE(attempts.take("lan", 0));
  attempts.forgive("lan");
  attempts.forgive("nobody");
  EXPECT_TRUE(attempts.take("lan", 0));
}

TEST(Attempts, ForgetTheOldestWhenFull) {
  Attempts attempts{{.burst = 1, .refill_ms = 1'000, .keys_max = 2}};
  EXPECT_TRUE(attempts.take("a", 0));
  EXPECT_TRUE(attempts.take("b", 0));
  EXPECT_FALSE(attempts.take("a", 0));  // now b is the oldest
  EXPECT_TRUE(attempts.take("c", 0));
  EXPECT_EQ(attempts.size(), 2U);
  EXPECT_FALSE(attempts.take("a", 0));
  EXPECT_TRUE(attempts.take("b", 0));
}

TEST(SignInLimits, CountLoginClientAndFactorApart) {
  ManualClock clock;
  SignInLimits limits{{.burst = 2, .refill_ms = 1'000},
                      {.burst = 3, .refill_ms = 1'000},
                      {.burst = 1, .refill_ms = 1'000}};
  EXPECT_TRUE(limits.before_password("lan", "192.0.2.1", clock).has_value());
  EXPECT_TRUE(limits.before_password("lan", "192.0.2.1", clock).has_value());
  const auto by_login = limits.before_password("lan", "192.0.2.1", clock);
  ASSERT_FALSE(by_login.has_value());
  EXPECT_EQ(by_login.error().reason, "too_many_attempts");
  EXPECT_FALSE(limits.before_password("minh", "192.0.2.1", clock).has_value());
  EXPECT_TRUE(limits.before_password("minh", "192.0.2.2", clock).has_value());
  EXPECT_TRUE(limits.before_factor("1", clock).has_value());
  EXPECT_FALSE(limits.before_factor("1", clock).has_value());
  limits.factor_was_good("1");
  EXPECT_TRUE(limits.before_factor("1", clock).has_value());
}

}  // namespace
}  // namespace khien::identity
