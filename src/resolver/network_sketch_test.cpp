#include "resolver/network_sketch.h"

#include <gtest/gtest.h>

#include "resolver/seen_ring.h"

namespace khien::resolver {
namespace {

// Networks as they are in the world: prefixes one behind another, not random numbers.
NetworkSketch sketch_of(std::uint32_t count, std::uint64_t seed) {
  SeededRng rng{seed};
  const SeenRing ring{policy::HashKey::random(rng), 1, 1};
  NetworkSketch sketch;
  for (std::uint32_t i = 0; i < count; ++i) {
    sketch.add(ring.network_of(policy::AddressKey::v4(0x0A00'0000 + (i << 8) + i % 200)));
  }
  return sketch;
}

// 6.5 % is the standard error of 256 registers: three times that for each, and no bias over all.
TEST(NetworkSketch, EstimatesWithinThreeStandardErrors) {
  constexpr std::uint64_t seeds = 20;
  for (const std::uint32_t count : {10U, 40U, 100U, 300U, 1'000U, 10'000U, 60'000U}) {
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const double estimate = sketch_of(count, seed).estimate();
      EXPECT_NEAR(estimate, count, 0.195 * count + 1) << "seed " << seed;
      sum += estimate;
    }
    EXPECT_NEAR(sum / seeds, count, 0.05 * count + 1);
  }
}

TEST(NetworkSketch, CountsANetworkOnceAndNeverMoreThanThereWere) {
  NetworkSketch sketch;
  EXPECT_EQ(sketch.estimate(), 0U);
  for (int i = 0; i < 100; ++i) sketch.add(0x1234'5678);
  EXPECT_EQ(sketch.estimate(), 1U);
  for (std::uint32_t count = 1; count < 200; ++count) {
    EXPECT_LE(sketch_of(count, 7).occupied(), count);
  }
}

TEST(SeenRing, ANetworkIsTheFirst24BitsOrTheFirst56) {
  SeededRng rng{1};
  const SeenRing ring{policy::HashKey::random(rng), 1, 1};
  const auto v4 = [&](std::uint32_t address) {
    return ring.network_of(policy::AddressKey::v4(address));
  };
  const auto v6 = [&](std::uint64_t high, std::uint64_t low) {
    return ring.network_of({.high = high, .low = low});
  };
  EXPECT_EQ(v4(0xC000'0201), v4(0xC000'02FF));
  EXPECT_NE(v4(0xC000'0201), v4(0xC000'0301));
  EXPECT_EQ(v6(0x2001'0DB8'0000'0001, 1), v6(0x2001'0DB8'0000'00FF, 2));
  EXPECT_NE(v6(0x2001'0DB8'0000'0001, 1), v6(0x2001'0DB8'0000'0101, 1));
  EXPECT_EQ(ring.network_of({}), 0U);
  const SeenRing other{policy::HashKey::random(rng), 1, 1};
  EXPECT_NE(v4(0xC000'0201), other.network_of(policy::AddressKey::v4(0xC000'0201)));
}

}  // namespace
}  // namespace khien::resolver
