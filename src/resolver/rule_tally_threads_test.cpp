// A table handed over while its worker counts, in real threads; also run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "policy/name_key.h"
#include "policy/test_names.h"
#include "resolver/rule_tally.h"

namespace khien::resolver {
namespace {

constexpr std::size_t names = 500;
constexpr int takes = 200;
constexpr std::size_t batch = 16;

TEST(RuleTallyThreads, EveryQueryIsCountedOnceWhileTablesChangeHands) {
  SeededRng rng{1};
  const policy::HashKey hash_key = policy::HashKey::random(rng);
  const policy::Source source = policy::source_named("orders-phishing");
  std::vector<policy::NameKey> keys;
  for (std::size_t i = 0; i < names; ++i) {
    keys.emplace_back(policy::wire_of("ten" + std::to_string(i) + ".example"), hash_key);
  }
  RuleTally tally;
  std::map<std::string, std::uint64_t> seen;
  const auto take = [&] {
    return tally.take([&](const RuleTally::Hits& rule) { seen[to_text(rule.name)] += rule.hits; });
  };
  std::map<std::string, std::uint64_t> counted;
  {
    const std::jthread worker{[&](const std::stop_token& stop) {
      SeededRng picks{2};
      while (!stop.stop_requested()) {
        tally.hand_over_if_asked();
        for (std::size_t i = 0; i < batch; ++i) {
          const policy::NameKey& key = keys[picks.below(names)];
          tally.add(source, key.hash(0), key.name());
          ++counted[to_text(key.name())];
        }
      }
    }};
    for (int i = 0; i < takes; ++i) {
      tally.ask();
      RuleTally::Taken taken;
      while (!(taken = take()).done) std::this_thread::yield();
      EXPECT_EQ(taken.left_out, 0U);
    }
  }
  tally.ask();  // what the worker counted last
  tally.hand_over_if_asked();
  EXPECT_TRUE(take().done);
  EXPECT_EQ(seen, counted);
  EXPECT_GE(seen.size(), std::size_t{1});
}

}  // namespace
}  // namespace khien::resolver
