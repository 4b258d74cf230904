#include "resolver/upstream_health.h"

#include <gtest/gtest.h>

#include <vector>

namespace khien::resolver {
namespace {

constexpr std::array<std::uint16_t, 3> three{0, 1, 2};

class UpstreamHealthTest : public testing::Test {
 protected:
  void answers(std::uint16_t upstream, std::int64_t rtt_ms, int times = 1) {
    for (int i = 0; i < times; ++i) {
      health_.asked(upstream, now_ms_);
      health_.answered(upstream, {.rtt_ms = rtt_ms}, now_ms_ + rtt_ms);
    }
  }
  void overdue(std::uint16_t upstream, int times = 1) {
    for (int i = 0; i < times; ++i) {
      health_.asked(upstream, now_ms_);
      health_.overdue(upstream, now_ms_);
    }
  }
  std::array<int, 3> chosen(int times, std::uint32_t tried = 0) {
    std::array<int, 3> counts{};
    for (int i = 0; i < times; ++i) ++counts[health_.choose(three, tried, rng_).value()];
    return counts;
  }

  UpstreamHealth health_{3};
  SeededRng rng_{7};
  std::int64_t now_ms_ = 1'000'000;
};

TEST_F(UpstreamHealthTest, ChoosesTheFastOneMostly) {
  answers(0, 40, 20);
  answers(1, 4, 20);
  answers(2, 400, 20);
  const auto counts = chosen(10'000);
  EXPECT_GT(counts[1], 9'000);
  EXPECT_GT(counts[0], 100);  // a tenth of the speed: some hundredths
  EXPECT_LT(counts[0], 1'000);
  EXPECT_LT(counts[2], 50);
}

TEST_F(UpstreamHealthTest, SharesAmongEquals) {
  for (const auto upstream : three) answers(upstream, 10, 20);
  for (const int count : chosen(9'000)) EXPECT_NEAR(count, 3'000, 250);
}

TEST_F(UpstreamHealthTest, ChoosesNoneThatWasTried) {
  EXPECT_EQ(health_.choose(three, 0b011, rng_), 2U);
  EXPECT_EQ(health_.choose(three, 0b111, rng_), std::nullopt);
}

TEST_F(UpstreamHealthTest, ChoosesSuspectOnesAfterHealthyOnesAndDownOnesLast) {
  overdue(0, overdue_until_suspect);
  health_.refused(1, now_ms_);
  health_.refused(1, now_ms_);
  EXPECT_EQ(health_.state(0), UpstreamState::suspect);
  EXPECT_EQ(health_.state(1), UpstreamState::down);
  EXPECT_EQ(chosen(100)[2], 100);
  EXPECT_EQ(chosen(100, 0b100)[0], 100);
  EXPECT_EQ(chosen(100, 0b101)[1], 100);
}

TEST_F(UpstreamHealthTest, TheWaitFollowsTimeAndVariance) {
  EXPECT_EQ(health_.answer_wait_ms(0), answer_wait_unknown_ms);
  answers(0, 1, 50);
  EXPECT_EQ(health_.answer_wait_ms(0), answer_wait_min_ms);
  answers(1, 100, 100);
  EXPECT_GE(health_.answer_wait_ms(1), 100);
  EXPECT_LE(health_.answer_wait_ms(1), 110);  // no variance, no waiting
  for (int i = 0; i < 50; ++i) answers(2, i % 2 == 0 ? 20 : 180);
  EXPECT_GT(health_.answer_wait_ms(2), 300);
  answers(2, 5'000, 50);
  EXPECT_EQ(health_.answer_wait_ms(2), answer_wait_max_ms);
}

TEST_F(UpstreamHealthTest, OneLateAnswerMakesNoSuspect) {
  overdue(0, overdue_until_suspect - 1);
  answers(0, 90);
  overdue(0, overdue_until_suspect - 1);
  EXPECT_EQ(health_.state(0), UpstreamState::up);
}

TEST_F(UpstreamHealthTest, ALongSilenceIsDownAndAnAnswerEndsIt) {
  overdue(0, overdue_until_suspect);
  for (int i = 0; i < lost_until_down; ++i) health_.lost(0, now_ms_ + 900);
  EXPECT_EQ(health_.state(0), UpstreamState::suspect);  // not long enough
  health_.lost(0, now_ms_ + silence_until_down_ms);
  EXPECT_EQ(health_.state(0), UpstreamState::down);
  EXPECT_EQ(health_.figures(0).timeouts.load(), 5U);
  answers(0, 3);
  EXPECT_EQ(health_.state(0), UpstreamState::up);
}

TEST_F(UpstreamHealthTest, ProbesThatAreDownFartherAndFartherApart) {
  for (const auto upstream : three) answers(upstream, 1);
  health_.refused(0, now_ms_);
  std::vector<std::int64_t> at;
  const std::int64_t start_ms = now_ms_;
  for (; now_ms_ < start_ms + 200'000; now_ms_ += 100) {
    health_.asked(2, now_ms_);
    if (health_.explore(three, 1, now_ms_) == 0U) at.push_back(now_ms_ - start_ms);
  }
  ASSERT_GT(at.size(), 8U);
  EXPECT_EQ(at[0], probe_first_ms);
  EXPECT_EQ(at[1] - at[0], probe_first_ms);
  EXPECT_EQ(at[2] - at[1], 2 * probe_first_ms);
  EXPECT_EQ(at.back() - at[at.size() - 2], probe_max_ms);
}

TEST_F(UpstreamHealthTest, ExploresWhatWasNotAskedForAWhile) {
  EXPECT_EQ(health_.explore(three, 0, now_ms_), 1U);  // never asked
  for (const auto upstream : three) answers(upstream, 1);
  EXPECT_EQ(health_.explore(three, 0, now_ms_), std::nullopt);
  EXPECT_EQ(health_.explore(three, 1, now_ms_ + explore_after_ms), 0U);
}

// It says SERVFAIL or REFUSED to everything, and fast: the others know better.
TEST_F(UpstreamHealthTest, OneThatOthersOutdoIsSuspect) {
  for (int i = 0; i < outdone_until_suspect; ++i) {
    EXPECT_EQ(health_.state(0), UpstreamState::up);
    health_.asked(0, now_ms_);
    health_.answered(0, {.good = false, .rtt_ms = 1}, now_ms_);
    health_.outdone(0, now_ms_);
  }
  EXPECT_EQ(health_.state(0), UpstreamState::suspect);
  health_.answered(0, {.good = false, .rtt_ms = 1}, now_ms_);
  EXPECT_EQ(health_.state(0), UpstreamState::suspect);
  health_.answered(0, {.rtt_ms = 1}, now_ms_);
  EXPECT_EQ(health_.state(0), UpstreamState::up);
}

TEST_F(UpstreamHealthTest, RemembersForAWhileThatItKnowsNoEdns) {
  health_.set_plain_edns(1, now_ms_);
  EXPECT_TRUE(health_.wants_plain_edns(1, now_ms_ + plain_edns_for_ms - 1));
  EXPECT_FALSE(health_.wants_plain_edns(1, now_ms_ + plain_edns_for_ms));
  EXPECT_FALSE(health_.wants_plain_edns(0, now_ms_));
}

}  // namespace
}  // namespace khien::resolver
