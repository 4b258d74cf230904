#include "policy/prefix_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/random.h"

namespace khien::policy {
namespace {

using Entry = PrefixTable::Entry;

AddressPrefix v4(std::array<std::uint8_t, 4> base, unsigned length) {
  return AddressPrefix::of(base, length);
}
AddressPrefix v6(std::uint64_t high, std::uint64_t low, unsigned length) {
  return {.base = {.high = high, .low = low}, .length = static_cast<std::uint8_t>(length)};
}

bool holds(const AddressPrefix& prefix, AddressKey address) {
  if (prefix.length >= 96 && prefix.base.is_v4() != address.is_v4()) return false;
  if (prefix.length < 96 && address.is_v4()) return false;
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const auto at = [bit](AddressKey key) {
      return (bit < 64 ? key.high >> (63 - bit) : key.low >> (127 - bit)) & 1;
    };
    if (at(prefix.base) != at(address)) return false;
  }
  return true;
}

// The plain twin: every prefix is tried.
std::uint32_t plain_find(std::span<const Entry> entries, AddressKey address) {
  std::uint32_t value = PrefixTable::none;
  int best = -1;
  for (const Entry& entry : entries) {
    if (entry.prefix.length <= best || !holds(entry.prefix, address)) continue;
    best = entry.prefix.length;
    value = entry.value;
  }
  return value;
}

TEST(PrefixTable, KnowsNothingWhenEmpty) {
  const PrefixTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find(AddressKey::v4(0)), PrefixTable::none);
  EXPECT_EQ(table.find({.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}}), PrefixTable::none);
}

TEST(PrefixTable, TheLongestPrefixDecides) {
  const std::array entries{Entry{v4({192, 0, 2, 0}, 24), 1}, Entry{v4({192, 0, 2, 128}, 25), 2},
                           Entry{v4({192, 0, 2, 200}, 32), 3}, Entry{v4({192, 0, 0, 0}, 16), 4}};
  const auto table = PrefixTable::build(entries);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->find(AddressKey::v4(0xC000'0201)), 1U);
  EXPECT_EQ(table->find(AddressKey::v4(0xC000'0280)), 2U);
  EXPECT_EQ(table->find(AddressKey::v4(0xC000'02C8)), 3U);
  EXPECT_EQ(table->find(AddressKey::v4(0xC000'02C9)), 2U);
  EXPECT_EQ(table->find(AddressKey::v4(0xC000'0300)), 4U);
  EXPECT_EQ(table->find(AddressKey::v4(0xC001'0000)), PrefixTable::none);
  EXPECT_EQ(table->find(AddressKey::v4(0xBFFF'FFFF)), PrefixTable::none);
}

TEST(PrefixTable, TheWholeOfAFamilyHoldsThatFamilyAlone) {
  const auto of_v4 = PrefixTable::build(std::array{Entry{v4({0, 0, 0, 0}, 0), 1}});
  EXPECT_EQ(of_v4->find(AddressKey::v4(0xFFFF'FFFF)), 1U);
  EXPECT_EQ(of_v4->find({.high = 0x2001'0DB8'0000'0000, .low = 1}), PrefixTable::none);
  const auto of_v6 = PrefixTable::build(std::array{Entry{v6(0, 0, 0), 1}});
  EXPECT_EQ(of_v6->find(AddressKey::v4(0xC000'0201)), PrefixTable::none);
  EXPECT_EQ(of_v6->find({.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}}), 1U);
}

TEST(PrefixTable, PrefixesLongerThan64BitsStandWithinShorterOnes) {
  constexpr std::uint64_t high = 0x2001'0DB8'0000'0001;
  const std::array entries{Entry{v6(0x2001'0DB8'0000'0000, 0, 32), 1}, Entry{v6(high, 0, 64), 2},
                           Entry{v6(high, 0x10, 124), 3}, Entry{v6(high, 0x11, 128), 4},
                           Entry{v6(high + 1, 0xFF, 128), 5}};
  const auto table = PrefixTable::build(entries);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->find({high, 0}), 2U);
  EXPECT_EQ(table->find({high, 0x10}), 3U);
  EXPECT_EQ(table->find({high, 0x11}), 4U);
  EXPECT_EQ(table->find({high, 0x12}), 3U);
  EXPECT_EQ(table->find({high, 0x20}), 2U);
  EXPECT_EQ(table->find({high + 1, 0xFF}), 5U);
  EXPECT_EQ(table->find({high + 1, 0xFE}), 1U);
  EXPECT_EQ(table->find({high + 2, 0}), 1U);
}

TEST(PrefixTable, RefusesWhatIsNoTable) {
  const auto of = [](std::initializer_list<Entry> entries) {
    return PrefixTable::build(std::vector<Entry>{entries});
  };
  EXPECT_EQ(of({{v4({192, 0, 2, 0}, 24), 1}, {v4({192, 0, 2, 0}, 24), 2}}).error().code,
            ErrorCode::conflict);
  EXPECT_EQ(of({{v6(1, 2, 128), 1}, {v6(1, 2, 128), 1}}).error().code, ErrorCode::conflict);
  EXPECT_EQ(of({{v4({192, 0, 2, 1}, 24), 1}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(of({{v6(1, 0, 32), 1}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(of({{v6(0, 0, 0), PrefixTable::none}}).error().code, ErrorCode::invalid_argument);
}

AddressPrefix cut(AddressKey base, unsigned length) {
  const auto tail = [](unsigned bits) { return bits >= 64 ? 0 : ~std::uint64_t{0} >> bits; };
  if (length <= 64) return v6(base.high & ~tail(length), 0, length);
  return v6(base.high, base.low & ~tail(length - 64), length);
}

// Few different bits, so that prefixes nest and touch.
AddressKey crowded(Rng& rng) {
  if (rng.below(2) == 0)
    return AddressKey::v4(static_cast<std::uint32_t>(rng.next_u64() & rng.next_u64()));
  return {.high = rng.below(16) << 60 | rng.below(4), .low = rng.next_u64() & rng.next_u64()};
}

TEST(PrefixTable, EqualsThePlainTwinOnRandomPrefixes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRng rng{seed};
    std::vector<Entry> entries;
    const std::size_t count = 1 + rng.below(300);
    while (entries.size() < count) {
      const AddressKey base = crowded(rng);
      const auto length = static_cast<unsigned>(base.is_v4() ? 96 + rng.below(33) : rng.below(129));
      const Entry entry{cut(base, length), static_cast<std::uint32_t>(entries.size())};
      const bool known = std::ranges::any_of(
          entries, [&](const Entry& other) { return other.prefix == entry.prefix; });
      if (!known) entries.push_back(entry);
    }
    const auto table = PrefixTable::build(entries);
    ASSERT_TRUE(table.has_value()) << table.error().message;
    const auto check = [&](AddressKey at) {
      ASSERT_EQ(table->find(at), plain_find(entries, at)) << std::hex << at.high << ":" << at.low;
    };
    for (int i = 0; i < 500; ++i) check(crowded(rng));
    for (const Entry& entry : entries) {  // where runs begin and end
      const AddressKey base = entry.prefix.base;
      check(base);
      check({base.high, base.low - 1});
      check({base.high - 1, ~std::uint64_t{0}});
      check({base.high, base.low + 1});
    }
  }
}

}  // namespace
}  // namespace khien::policy
