#include "resolver/known_names.h"

#include <gtest/gtest.h>

#include "codec/container.h"

namespace khien::resolver {
namespace {

constexpr auto none_left_out = [](KnownNames::Hash) { return false; };

std::string name_of(std::size_t number) { return "ten" + std::to_string(number) + ".example"; }

TEST(KnownNames, KnowsWhatItWasTold) {
  SeededRng rng{1};
  KnownNames names{rng};
  for (std::size_t i = 0; i < 10'000; ++i) names.insert(names.hash_of(name_of(i)));
  EXPECT_EQ(names.count(), 10'000U);
  for (std::size_t i = 0; i < 10'000; ++i) EXPECT_TRUE(names.contains(names.hash_of(name_of(i))));
  for (std::size_t i = 10'000; i < 20'000; ++i) {
    EXPECT_FALSE(names.contains(names.hash_of(name_of(i))));
  }
}

// At the limit the older half goes, but for what is still asked for.
TEST(KnownNames, ForgetsWhatNobodyAsksForOnceAGenerationIsFull) {
  SeededRng rng{1};
  KnownNames names{rng, 100};
  const auto add = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) names.insert(names.hash_of(name_of(i)));
  };
  add(0, 150);
  EXPECT_TRUE(names.contains(names.hash_of(name_of(7))));  // moves to the current generation
  add(150, 250);
  EXPECT_LE(names.count(), 200U);
  EXPECT_TRUE(names.contains(names.hash_of(name_of(7))));
  EXPECT_FALSE(names.contains(names.hash_of(name_of(8))));
  EXPECT_TRUE(names.contains(names.hash_of(name_of(249))));
}

TEST(KnownNames, GoesToTheDiskAndBack) {
  SeededRng rng{1};
  KnownNames names{rng, 100};
  for (std::size_t i = 0; i < 150; ++i) names.insert(names.hash_of(name_of(i)));
  const auto left_out = names.hash_of(name_of(140));
  const Octets file = names.write(12'345, [&](KnownNames::Hash hash) { return hash == left_out; });
  KnownNames others{rng, 100};
  const auto learning_until_ms = others.read(file);
  ASSERT_TRUE(learning_until_ms.has_value()) << learning_until_ms.error().message;
  EXPECT_EQ(*learning_until_ms, 12'345);
  EXPECT_EQ(others.count(), 149U);
  for (std::size_t i = 0; i < 150; ++i) {
    EXPECT_EQ(others.contains(others.hash_of(name_of(i))), i != 140) << i;
  }
}

// No name stands in the file, not even as part of one.
TEST(KnownNames, TheFileHoldsNoName) {
  SeededRng rng{1};
  KnownNames names{rng};
  names.insert(names.hash_of("xaugiong.example"));
  const Octets file = names.write(0, none_left_out);
  EXPECT_EQ(as_text(file).find("xaugiong"), std::string_view::npos);
}

TEST(KnownNames, RefusesADamagedFileWholeAndKeepsWhatItHad) {
  SeededRng rng{1};
  KnownNames names{rng, 100};
  for (std::size_t i = 0; i < 20; ++i) names.insert(names.hash_of(name_of(i)));
  const Octets file = names.write(5, none_left_out);
  KnownNames others{rng, 100};
  others.insert(others.hash_of("mine.example"));
  for (std::size_t size = 0; size < file.size(); ++size) {
    ASSERT_FALSE(others.read(Bytes{file}.first(size)).has_value()) << size;
  }
  for (std::size_t at = 0; at < file.size(); ++at) {
    Octets damaged = file;
    damaged[at] ^= 0x10;
    ASSERT_FALSE(others.read(damaged).has_value()) << at;
  }
  EXPECT_EQ(others.count(), 1U);
  EXPECT_TRUE(others.contains(others.hash_of("mine.example")));
}

// With a checksum that is right: what is inside must fit all the same.
TEST(KnownNames, RefusesContentThatDoesNotFit) {
  SeededRng rng{1};
  KnownNames names{rng, 100};
  names.insert(names.hash_of("a.example"));
  const Octets file = names.write(5, none_left_out);
  const Bytes payload = Bytes{file}.subspan(codec::container_header_size);
  const auto read = [&](Bytes changed) {
    return names.read(codec::make_container("KHIENSEE", 1, changed)).has_value();
  };
  EXPECT_TRUE(read(payload));
  for (std::size_t size = 0; size < payload.size(); ++size) EXPECT_FALSE(read(payload.first(size)));
  Octets more_than_there_are = to_octets(payload);
  more_than_there_are[24] = 200;
  EXPECT_FALSE(read(more_than_there_are));
  Octets empty_hash = to_octets(payload);
  std::fill(empty_hash.end() - 8, empty_hash.end(), std::uint8_t{0});
  EXPECT_FALSE(read(empty_hash));
}

}  // namespace
}  // namespace khien::resolver
