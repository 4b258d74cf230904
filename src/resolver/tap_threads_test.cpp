// A ring of messages between its two threads; for ThreadSanitizer too.
#include <gtest/gtest.h>

#include <thread>

#include "resolver/tap_ring.h"

namespace khien::resolver {
namespace {

// Records of all sizes arrive whole and in order, through many turns of a small ring.
TEST(TapRingThreads, KeepsOrderAndLosesNothingUncounted) {
  constexpr std::uint32_t pushes = 40'000;
  const std::atomic<bool> is_on{true};
  TapRing ring{is_on, 2'048};
  std::atomic<bool> done{false};
  std::jthread producer{[&] {
    Octets message(300);
    for (std::uint32_t i = 1; i <= pushes; ++i) {
      const std::size_t size = 4 + i % 290;
      std::fill(message.begin(), message.end(), static_cast<std::uint8_t>(i));
      std::memcpy(message.data(), &i, sizeof i);
      ring.push({.message = Bytes{message}.first(size)});
      if (i % 97 == 0) std::this_thread::yield();
    }
    done.store(true);
  }};
  std::uint32_t last = 0;
  std::uint64_t taken = 0;
  const auto take = [&](const TapRecord& record) {
    std::uint32_t number = 0;
    ASSERT_GE(record.message.size(), sizeof number);
    std::memcpy(&number, record.message.data(), sizeof number);
    ASSERT_GT(number, last);
    ASSERT_EQ(record.message.size(), 4 + number % 290);
    for (const std::uint8_t octet : record.message.subspan(sizeof number)) {
      ASSERT_EQ(octet, static_cast<std::uint8_t>(number));
    }
    last = number;
    ++taken;
  };
  while (!done.load()) {
    ring.drain(take);
    std::this_thread::yield();
  }
  ring.drain(take);
  EXPECT_EQ(taken + ring.dropped(), pushes);
  EXPECT_NE(taken, 0U);
}

TEST(TapRing, WhatIsLargerThanItIsDropped) {
  const std::atomic<bool> is_on{true};
  TapRing ring{is_on, 256};
  const Octets large(300);
  ring.push({.message = large});
  EXPECT_EQ(ring.dropped(), 1U);
  ring.push({.message = Bytes{large}.first(200)});
  ring.drain([](const TapRecord& record) { EXPECT_EQ(record.message.size(), 200U); });
  ring.push({.message = Bytes{large}.first(200)});  // needs the start, and 48 octets until the end
  std::size_t taken = 0;
  ring.drain([&](const TapRecord&) { ++taken; });
  EXPECT_EQ(taken, 1U);
}

}  // namespace
}  // namespace khien::resolver
