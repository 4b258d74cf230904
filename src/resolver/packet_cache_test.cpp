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

TEST(PacketCache, AScanDoesNotPushOutWhatIsUsed) {
  PacketCache cache{cache_size_min};
  const Item wanted{"wanted.example", 300, 1};
  ASSERT_TRUE(cache.put(wanted.key(), {.message = wanted.message, .ttl_s = 1'000}));
  for (int i = 0; i < 20'000; ++i) {
    const Item other{"scan" + std::to_string(i) + ".example", 300, 2};
    ASSERT_TRUE(cache.put(other.key(), {.message = other.message, .ttl_s = 1'000}));
    if (i % 500 == 0) {
      ASSERT_NE(cache.find(wanted.key()), nullptr) << i;
    }
  }
  EXPECT_NE(cache.find(wanted.key()), nullptr);
}

}  // namespace
}  // namespace khien::resolver
