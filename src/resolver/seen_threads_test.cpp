// A ring between its two threads, and a SeenNames that is polled, taken from and shown at once; for
// ThreadSanitizer too.
#include <gtest/gtest.h>

#include <thread>

#include "policy/test_names.h"
#include "resolver/seen_names.h"

namespace khien::resolver {
namespace {

constexpr policy::HashKey ring_key{.a = 7, .b = 9};

// All that was pushed arrives, once and in order; what found no room is counted.
TEST(SeenRingThreads, KeepsOrderAndLosesNothingUncounted) {
  constexpr std::uint32_t pushes = 60'000;
  SeenRing ring{ring_key, 1, 64};
  const std::array names{policy::NameKey{policy::wire_of("a.example"), ring_key},
                         policy::NameKey{policy::wire_of("dai-hon.example"), ring_key}};
  std::atomic<std::uint32_t> pushed{0};
  std::atomic<bool> done{false};
  std::jthread producer{[&] {
    for (std::uint32_t i = 1; i <= pushes; ++i) {
      if (ring.push(i, names[i % 2])) pushed.fetch_add(1);
      if (i % 97 == 0) std::this_thread::yield();
    }
    done.store(true);
  }};
  std::uint32_t last = 0;
  std::uint32_t taken = 0;
  const auto take = [&](const SeenRing::Observation& seen) {
    EXPECT_GT(seen.network, last);
    last = seen.network;
    EXPECT_EQ(as_text(seen.wire()), as_text(names[last % 2].name()));
    ++taken;
  };
  while (!done.load()) {
    if (ring.drain(take) == 0) std::this_thread::yield();
  }
  ring.drain(take);
  EXPECT_EQ(taken, pushed.load());
  EXPECT_EQ(ring.dropped(), pushes - taken);
  EXPECT_NE(taken, 0U);
}

TEST(SeenNamesThreads, ManyThreadsAtOnce) {
  const SystemClock clock;
  SystemRng rng;
  Metrics metrics;
  auto seen = SeenNames::open({.networks_min = 3, .learning_ms = 0}, clock, rng, metrics).value();
  constexpr int workers = 3;
  constexpr std::uint32_t names = 200;
  std::vector<SeenRing*> rings;
  for (int i = 0; i < workers; ++i) rings.push_back(&seen->add_ring());
  std::size_t told = 0;
  {
    std::jthread telemetry{[&](const std::stop_token& stop) { seen->run(stop); }};
    std::vector<std::jthread> producers;
    for (int i = 0; i < workers; ++i) {
      producers.emplace_back([&, ring = rings[static_cast<std::size_t>(i)], i] {
        for (std::uint32_t n = 0; n < names; ++n) {
          const policy::NameKey name{policy::wire_of("ten" + std::to_string(n) + ".example"),
                                     ring_key};
          const auto network = ring->network_of(
              policy::AddressKey::v4(0x0A00'0001 + (static_cast<std::uint32_t>(i) << 8)));
          while (!ring->push(network, name)) std::this_thread::yield();
        }
      });
    }
    for (int i = 0; i < 20; ++i) {
      auto taken = seen->take(50);
      if (i % 2 == 0) {
        seen->put_back(std::move(taken));
      } else {
        told += taken.size();
      }
      (void)metrics.exposition();
      std::this_thread::yield();
    }
    producers.clear();
  }
  told += seen->take().size();
  EXPECT_EQ(told, names);
}

}  // namespace
}  // namespace khien::resolver
