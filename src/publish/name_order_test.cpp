#include "publish/name_order.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

std::vector<std::string> below(const NameOrder& order, const NamePool& pool, dns::NameView name) {
  std::vector<std::string> found;
  order.for_each_below(name, [&](NamePlace place) { found.push_back(pool.at(place).to_text()); });
  return found;
}

TEST(NameOrder, FindsWhatLiesBelowAName) {
  NamePool pool;
  NameOrder order{pool};
  for (const char* text : {"z.b.example", "b.example", "a.z.b.example", "bb.example", "a.b.example",
                           "b.test", "x.a-b.example"}) {
    order.insert(pool.store(test_name(text)));
  }
  using Texts = std::vector<std::string>;
  EXPECT_EQ(below(order, pool, test_name("b.example")),
            (Texts{"a.b.example.", "z.b.example.", "a.z.b.example."}));
  EXPECT_TRUE(order.has_below(test_name("z.b.example")));
  EXPECT_FALSE(order.has_below(test_name("a.b.example")));
  EXPECT_FALSE(order.has_below(test_name("b.test")));
  EXPECT_FALSE(order.has_below(test_name("zz.test")));
  order.erase(test_name("a.z.b.example"));
  order.erase(test_name("khong-co.example"));
  EXPECT_FALSE(order.has_below(test_name("z.b.example")));
  EXPECT_EQ(order.size(), 6U);
}

/// Names that share their first octets in canonical order, and such as a key must tell apart.
std::string made_name(SeededRng& rng) {
  static const std::vector<std::string> labels{
      "a",      "aa",     "ab",
      "\\000",  "\\001",  "\\000\\000",
      "\\001a", "a\\000", "mot-nhan-dai-chung-cua-nhieu-ten",
      "-",      "0",      "b",
      "_",      "z"};
  std::string name;
  for (std::size_t count = 1 + rng.below(4); count > 0; --count) {
    name += labels[rng.below(labels.size())] + ".";
  }
  return name +
         (rng.below(2) == 0 ? "vi-du.example" : "n" + std::to_string(rng.below(400)) + ".test");
}

// Against std::set in the order of NameView, over thousands of names: blocks split and join.
TEST(NameOrder, AgreesWithASortedSet) {
  constexpr std::uint64_t seed = 20'261'128;
  SeededRng rng{seed};
  NamePool pool;
  NameOrder order{pool};
  std::set<dns::Name> plain;
  const auto expect_same = [&](const NameOrder& tested, int step) {
    ASSERT_EQ(tested.size(), plain.size()) << "seed " << seed << " step " << step;
    std::vector<std::string> wanted;
    for (const dns::Name& name : plain) wanted.push_back(name.to_text());
    EXPECT_EQ(below(tested, pool, dns::NameView{}), wanted) << "seed " << seed << " step " << step;
  };
  for (int step = 0; step < 30'000; ++step) {
    // It grows for a while, then shrinks.
    const bool is_insertion = rng.below(10) < (step < 20'000 ? 8U : 1U);
    if (is_insertion || plain.empty()) {
      const dns::Name name = test_name(made_name(rng));
      if (plain.insert(name).second) order.insert(pool.store(name));
    } else {
      auto gone = plain.lower_bound(test_name(made_name(rng)));
      if (gone == plain.end()) gone = plain.begin();
      order.erase(*gone);
      plain.erase(gone);
    }
    const dns::Name asked = test_name(made_name(rng));
    const auto next = plain.upper_bound(asked);
    EXPECT_EQ(order.has_below(asked), next != plain.end() && next->is_below(asked))
        << asked.to_text() << " seed " << seed << " step " << step;
    if (step % 5'000 == 4'999) expect_same(order, step);
  }
  EXPECT_GT(plain.size(), 400U);
  std::vector<NamePlace> places;
  for (const dns::Name& name : plain) places.insert(places.begin(), pool.store(name));
  NameOrder assigned{pool};
  assigned.assign(places);
  expect_same(assigned, -1);
}

TEST(NameOrder, GivesMemoryBackWhenNamesGo) {
  NamePool pool;
  NameOrder order{pool};
  std::vector<dns::Name> names;
  for (int i = 0; i < 20'000; ++i) names.push_back(test_name("a.n" + std::to_string(i) + ".test"));
  for (const dns::Name& name : names) order.insert(pool.store(name));
  EXPECT_LT(order.memory_size() / names.size(), 10U);
  const std::size_t full = order.memory_size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i % 50 != 0) order.erase(names[i]);
  }
  EXPECT_EQ(order.size(), 400U);
  EXPECT_LT(order.memory_size(), full / 5);
}

}  // namespace
}  // namespace khien::publish
