#include "resolver/packet_cache.h"

#include <map>

#include "policy/test_names.h"

namespace khien::resolver {
namespace {

constexpr policy::HashKey test_key{.a = 3, .b = 0x1357'9bdf'0246'8ace | 1};

struct Item {
  policy::NameKey name;
  Octets message;

  Item(std::string_view text, std::size_t size, std::uint8_t fill)
      : name(policy::wire_of(text), test_key), message(size, fill) {}
  [[nodiscard]] CacheKey key(std::uint16_t qtype = 1) const {
    return {.qname = name.name(), .hash = name.hash(0), .qtype = qtype};
  }
};

TEST(PacketCache, FindsByNameTypeAndFlags) {
  PacketCache cache{cache_size_min};
  const Item item{"a.example", 100, 7};
  const std::array<std::uint16_t, 2> ttl_at{20, 300};
  ASSERT_TRUE(
      cache.put(item.key(), {.message = item.message, .ttl_at = ttl_at, .now_ms = 5, .ttl_s = 10}));
  const auto* entry = cache.find(item.key());
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(as_text(entry->message()), as_text(item.message));
  EXPECT_EQ(entry->ttl_at(1), 300);
  EXPECT_TRUE(entry->fresh(10'004));
  EXPECT_FALSE(entry->fresh(10'005));
  EXPECT_EQ(cache.find(item.key(28)), nullptr);
  CacheKey with_do = item.key();
  with_do.dnssec_ok = true;
  EXPECT_EQ(cache.find(with_do), nullptr);
}

TEST(PacketCache, RefusesWhatIsBeyondItsLimits) {
  PacketCache cache{cache_size_min};
  const Item large{"a.example", cached_message_size_max + 1, 0};
  EXPECT_FALSE(cache.put(large.key(), {.message = large.message, .ttl_s = 10}));
  const Item item{"a.example", 10, 0};
  const std::vector<std::uint16_t> many(cached_ttls_max + 1);
  EXPECT_FALSE(cache.put(item.key(), {.message = item.message, .ttl_at = many, .ttl_s = 10}));
  EXPECT_FALSE(cache.put(item.key(), {.message = item.message, .ttl_s = 0}));
}

// What is found is what was put last, whatever was put in between; random sizes turn the ring over
// many times.
TEST(PacketCache, NeverReturnsAnythingButWhatWasPutLast) {
  SeededRng rng{11};
  PacketCache cache{cache_size_min};
  std::map<std::string, Octets> put;
  std::size_t found = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string name = "n" + std::to_string(rng.below(5'000)) + ".example";
    if (rng.below(3) == 0) {
      const Item item{name, 20 + rng.below(i % 100 == 0 ? 9'000 : 700),
                      static_cast<std::uint8_t>(i)};
      ASSERT_TRUE(cache.put(item.key(), {.message = item.message, .ttl_s = 10}));
      put[name] = item.message;
    } else {
      const Item item{name, 0, 0};
      const auto* entry = cache.find(item.key());
      if (entry == nullptr) continue;
      ++found;
      ASSERT_EQ(as_text(entry->message()), as_text(put.at(name))) << name;
    }
  }
  EXPECT_GT(found, 5'000U);
  EXPECT_LE(cache.count(), 5'000U);
}

// What people ask for survives a scan of ten times the cache's size, without being asked for again
// while it lasts: a queue of one turn, or LRU, would have forgotten all of it.
TEST(PacketCache, AScanDoesNotPushOutWhatIsUsed) {
  PacketCache cache{cache_size_min};
  std::vector<Item> wanted;
  for (int i = 0; i < 100; ++i)
    wanted.emplace_back("wanted" + std::to_string(i) + ".example", 300, 1);
  for (const Item& item : wanted) {
    ASSERT_TRUE(cache.put(item.key(), {.message = item.message, .ttl_s = 1'000}));
    for (int i = 0; i < 2; ++i) ASSERT_NE(cache.find(item.key()), nullptr);
  }
  for (int i = 0; i < 30'000; ++i) {
    const Item other{"scan" + std::to_string(i) + ".example", 300, 2};
    ASSERT_TRUE(cache.put(other.key(), {.message = other.message, .ttl_s = 1'000}));
  }
  for (const Item& item : wanted) EXPECT_NE(cache.find(item.key()), nullptr);
}

// A name that was forgotten and is asked for again soon comes back for longer.
TEST(PacketCache, WhatIsMissedSoonAfterItWentComesBackIntoTheMainRing) {
  PacketCache cache{cache_size_min};
  const Item wanted{"wanted.example", 300, 1};
  const auto scan = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) {
      const Item other{"scan" + std::to_string(i) + ".example", 300, 2};
      ASSERT_TRUE(cache.put(other.key(), {.message = other.message, .ttl_s = 1'000}));
    }
  };
  scan(0, 6'000);  // until the main ring is full: before, nothing is forgotten
  ASSERT_TRUE(cache.put(wanted.key(), {.message = wanted.message, .ttl_s = 1'000}));
  scan(6'000, 400);  // more than the small ring holds
  ASSERT_EQ(cache.find(wanted.key()), nullptr);
  ASSERT_TRUE(cache.put(wanted.key(), {.message = wanted.message, .ttl_s = 1'000}));
  scan(6'400, 400);
  EXPECT_NE(cache.find(wanted.key()), nullptr);
}

// A fresh answer takes the place of the old one, also in standing.
TEST(PacketCache, AnAnswerThatIsRenewedStaysWhereItWas) {
  PacketCache cache{cache_size_min};
  const Item wanted{"wanted.example", 300, 1};
  ASSERT_TRUE(cache.put(wanted.key(), {.message = wanted.message, .ttl_s = 1'000}));
  for (int i = 0; i < 2; ++i) ASSERT_NE(cache.find(wanted.key()), nullptr);
  for (int i = 0; i < 20'000; ++i) {
    if (i % 1'000 == 0) {
      ASSERT_TRUE(cache.put(wanted.key(), {.message = wanted.message, .ttl_s = 1'000}));
    }
    const Item other{"scan" + std::to_string(i) + ".example", 300, 2};
    ASSERT_TRUE(cache.put(other.key(), {.message = other.message, .ttl_s = 1'000}));
  }
  EXPECT_NE(cache.find(wanted.key()), nullptr);
}

// More answers than a bucket of the index has slots: the smallest entries there are, so that the
// index fills before the rings do. Some are forgotten early; none is found under another's name.
TEST(PacketCache, AFullBucketOfTheIndexForgetsOneOfItsAnswers) {
  PacketCache cache{cache_size_min};
  std::size_t kept = 0;
  constexpr std::uint16_t type_count = 64;
  const Item item{"a.example", 12, 3};
  for (std::uint16_t type = 1; type <= type_count; ++type) {
    // One bucket for all: the bucket is picked by the low half of a product with the mixed key.
    CacheKey key = item.key(type);
    const std::uint64_t inverse = 0xcfee'444d'8b59'a89b;  // of the factor, modulo 2^64
    const std::uint64_t wish = std::uint64_t{type} << 32;
    key.hash = (wish * inverse) ^ ((std::uint64_t{type} << 2) * 0x9e37'79b9'7f4a'7c15);
    ASSERT_TRUE(cache.put(key, {.message = item.message, .ttl_s = 10}));
    ASSERT_NE(cache.find(key), nullptr) << type;
    kept = cache.count();
  }
  EXPECT_EQ(kept, 8U);
}

TEST(PacketCache, KeepsTheLargestAnswerThereCanBe) {
  PacketCache cache{cache_size_min};
  const Octets message(cached_message_size_max, 5);
  const Octets targets(cached_targets_size_max, 6);
  const Octets extended(relayed_extended_size_max, 7);
  const std::vector<std::uint16_t> ttl_at(cached_ttls_max, 99);
  for (int i = 0; i < 200; ++i) {  // around both rings
    const Item item{"n" + std::to_string(i) + ".example", 0, 0};
    ASSERT_TRUE(cache.put(item.key(), {.message = message,
                                       .ttl_at = ttl_at,
                                       .targets = targets,
                                       .extended = extended,
                                       .ttl_s = 10}));
    const auto* entry = cache.find(item.key());
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(as_text(entry->extended()), as_text(extended));
    EXPECT_EQ(entry->ttl_at(cached_ttls_max - 1), 99);
    if (i % 3 == 0) {
      ASSERT_NE(cache.find(item.key()), nullptr);
    }
  }
  EXPECT_GT(cache.count(), 5U);
}

}  // namespace
}  // namespace khien::resolver
