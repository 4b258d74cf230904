#include "publish/bounded_call.h"

#include <gtest/gtest.h>

#include <atomic>

namespace khien::publish {
namespace {

constexpr std::int64_t long_ms = 60'000;

TEST(BoundedCall, GivesWhatTheWorkGives) {
  BoundedCall call;
  EXPECT_TRUE(call.run([] { return Result<void>{}; }, long_ms).has_value());
  const auto failed = call.run(
      []() -> Result<void> { return fail(ErrorCode::conflict, "taken", "lease_lost"); }, long_ms);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().reason, "lease_lost");
}

TEST(BoundedCall, WaitsNoLongerThanItWasTold) {
  std::atomic<bool> may_end = false;
  std::atomic<int> ended = 0;
  BoundedCall call;
  const auto hangs = [&]() -> Result<void> {
    may_end.wait(false);
    ++ended;
    return {};
  };
  const auto late = call.run(hangs, 1);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  // The next one waits for the one in hand, within its own time.
  const auto behind = call.run([] { return Result<void>{}; }, 1);
  ASSERT_FALSE(behind.has_value());
  EXPECT_EQ(behind.error().reason, "late");
  may_end = true;
  may_end.notify_all();
  EXPECT_TRUE(call.run([] { return Result<void>{}; }, long_ms).has_value());
  EXPECT_EQ(ended, 1);  // and the one that came too late was never begun
}

}  // namespace
}  // namespace khien::publish
