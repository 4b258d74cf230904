#include "exchange/name_set.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "text/host.h"

namespace khien::exchange {
namespace {

using cases::Scope;

NameSet set_of(std::initializer_list<std::pair<const char*, Reach>> entries,
               SetCounts* counts = nullptr) {
  NameSetBuilder builder;
  for (const auto& [host, reach] : entries) EXPECT_TRUE(builder.add({host, reach}));
  SetCounts own;
  return builder.build(counts != nullptr ? *counts : own);
}

TEST(NameSet, CountsWhatFallsTogether) {
  SetCounts counts;
  const auto set = set_of({{"b.example", Reach::domain},
                           {"a.b.example", Reach::host},
                           {"a-b.example", Reach::host},
                           {"b.example", Reach::domain},
                           {"c.example", Reach::host},
                           {"x.c.example", Reach::host},
                           {"d.example", Reach::below},
                           {"e.example", Reach::host},
                           {"e.example", Reach::below}},
                          &counts);
  EXPECT_EQ(counts.added, 9U);
  EXPECT_EQ(counts.duplicate, 1U);
  EXPECT_EQ(counts.redundant, 1U);   // a.b.example; x.c.example lies below a host rule only
  EXPECT_EQ(counts.below_only, 1U);  // d.example
  EXPECT_EQ(set.size(), 5U);
  EXPECT_TRUE(set.contains("e.example"));
  EXPECT_TRUE(set.covers("deep.e.example"));
  EXPECT_TRUE(set.covers("a.b.example"));
  EXPECT_FALSE(set.covers("y.c.example"));
  EXPECT_FALSE(set.contains("d.example"));
}

TEST(NameSet, HashDependsOnContentOnly) {
  const auto one = set_of({{"a.example", Reach::host}, {"b.example", Reach::host}});
  const auto two = set_of({{"b.example", Reach::host}, {"a.example", Reach::host}});
  const auto wider = set_of({{"b.example", Reach::domain}, {"a.example", Reach::host}});
  EXPECT_EQ(one.hash(), two.hash());
  EXPECT_NE(one.hash(), wider.hash());
  EXPECT_EQ(NameSet{}.hash(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(NameSet, StorageRoundTripsAndRefusesDamage) {
  const auto set = set_of({{"a.example", Reach::host}, {"b.example", Reach::domain}});
  const auto octets = set.write();
  EXPECT_EQ(*NameSet::read(octets), set);
  for (std::size_t size = 1; size < octets.size(); ++size) {
    const auto cut = NameSet::read(Bytes{octets}.first(size));
    if (cut) {
      EXPECT_LT(cut->size(), set.size()) << size;  // cut between two names: the hash tells
    }
  }
  auto wrong = octets;
  wrong[8] = 9;  // shares more than there is
  EXPECT_EQ(NameSet::read(wrong).error().code, ErrorCode::corrupt);
  wrong = octets;
  wrong.back() = 'A';
  EXPECT_FALSE(NameSet::read(wrong).has_value());
  EXPECT_FALSE(NameSet::read({}).has_value());
}

TEST(NameSet, DifferenceAndUnion) {
  const auto before = set_of({{"a.example", Reach::host}, {"b.example", Reach::host}});
  const auto after = set_of({{"b.example", Reach::domain}, {"c.example", Reach::host}});
  const auto change = difference(before, after);
  ASSERT_EQ(change.added.size(), 2U);
  ASSERT_EQ(change.removed.size(), 2U);
  EXPECT_EQ(change.removed[0].first, "a.example");
  EXPECT_EQ(change.added[0], (std::pair<std::string, Scope>{"b.example", Scope::domain}));
  EXPECT_TRUE(difference(before, before).added.empty());

  const auto inner = set_of({{"x.b.example", Reach::host}});
  const std::vector<const NameSet*> all{&before, &after, &inner};
  const auto united = unite(all);
  EXPECT_EQ(united.size(), 3U);
  EXPECT_TRUE(united.covers("x.b.example"));
  EXPECT_FALSE(united.contains("x.b.example"));
}

// Against a plain map: union, difference and storage of random sets.
TEST(NameSet, AgreesWithAPlainMap) {
  constexpr std::uint64_t seed = 11;
  SeededRng rng{seed};
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, unsigned> plain;
    NameSetBuilder builder;
    for (int i = 0; i < 60; ++i) {
      std::string host = "n" + std::to_string(rng.below(8)) + ".example";
      for (auto labels = rng.below(3); labels > 0; --labels) {
        host.insert(0, "s" + std::to_string(rng.below(3)) + (rng.below(2) == 0 ? "-." : "."));
      }
      const auto reach = static_cast<Reach>(1 + rng.below(3));
      ASSERT_TRUE(builder.add({host, reach}));
      plain[host] |= static_cast<unsigned>(reach);
    }
    SetCounts counts;
    const auto set = builder.build(counts);
    std::map<std::string, Scope> expected;
    for (const auto& [host, reach] : plain) {
      bool covered = false;
      for (auto up = text::parent_of(host); up; up = text::parent_of(*up)) {
        const auto found = plain.find(std::string{*up});
        covered = covered || (found != plain.end() && found->second == 3);
      }
      if (!covered && reach != 2) expected[host] = reach == 3 ? Scope::domain : Scope::host;
    }
    std::map<std::string, Scope> got;
    set.for_each([&got](std::string_view host, Scope scope) { got[std::string{host}] = scope; });
    ASSERT_EQ(got, expected) << "seed " << seed << " round " << round;
    ASSERT_EQ(*NameSet::read(set.write()), set);
  }
}

TEST(NameSetBuilder, StopsAtItsMaximum) {
  NameSetBuilder builder;
  for (std::size_t i = 0; i < name_set_names_max; ++i) {
    ASSERT_TRUE(builder.add({"a.test", Reach::host}));
  }
  EXPECT_FALSE(builder.add({"a.test", Reach::host}));
}

}  // namespace
}  // namespace khien::exchange
