#include "policy/rules.h"

#include "policy/test_names.h"

namespace khien::policy {
namespace {

const Source orders = source_named("orders-phishing");
const Source feeds = source_named("feeds-malware");
const Source ads = source_named("choice-ads");

constexpr HashKey test_key{.a = 0x1234'5678'9abc'def0, .b = 0x0fed'cba9'8765'4321};

struct Rule {
  std::string_view name;
  RuleClass rule_class;
};

RuleClass whole(Source source) { return {.exact = mask_of(source), .below = mask_of(source)}; }

NameTable table_of(std::initializer_list<Rule> rules) {
  NameTable table{test_key};
  for (const Rule& rule : rules) {
    EXPECT_TRUE(table.add(NameKey{wire_of(rule.name), test_key}, rule.rule_class).has_value());
  }
  return table;
}

Rules rules_of(std::initializer_list<Rule> base, std::initializer_list<Rule> delta = {}) {
  Rules rules;
  rules.base = RuleSet::from_table(table_of(base), {}, 0);
  set_deltas(rules, table_of(delta));
  return rules;
}

Verdict find(const Rules& rules, std::string_view qname, Policy policy = {}) {
  return rules.find(NameKey{wire_of(qname), rules.key()}, policy);
}

TEST(Rules, CoverTheNameAndWhatLiesBelow) {
  const Rules rules = rules_of({{"scam.example", whole(orders)}});
  EXPECT_EQ(find(rules, "scam.example").action, Action::nxdomain);
  EXPECT_EQ(find(rules, "SCAM.Example").action, Action::nxdomain);
  const auto below = find(rules, "a.b.scam.example");
  EXPECT_EQ(below.action, Action::nxdomain);
  EXPECT_EQ(below.source, orders);
  EXPECT_EQ(below.trigger_at, 4);  // behind "a." and "b."
  EXPECT_EQ(find(rules, "notscam.example").action, Action::none);
  EXPECT_EQ(find(rules, "example").action, Action::none);
}

TEST(Rules, AnExactRuleLeavesWhatLiesBelowAlone) {
  const Rules rules = rules_of({{"scam.example", {.exact = mask_of(orders)}}});
  EXPECT_TRUE(find(rules, "scam.example").blocks());
  EXPECT_FALSE(find(rules, "www.scam.example").blocks());
}

TEST(Rules, AWildcardRuleLeavesTheNameAlone) {
  const Rules rules = rules_of({{"scam.example", {.below = mask_of(orders)}}});
  EXPECT_FALSE(find(rules, "scam.example").blocks());
  EXPECT_TRUE(find(rules, "www.scam.example").blocks());
}

TEST(Rules, PassGoesFirstEvenFromAParent) {
  const Rules rules =
      rules_of({{"school.example", whole(source_pass)}, {"evil.school.example", whole(orders)}});
  EXPECT_EQ(find(rules, "evil.school.example").action, Action::passthru);
}

TEST(Rules, PrecedenceGoesBeforeTheMostSpecificName) {
  const Rules rules = rules_of({{"a.scam.example", whole(feeds)}, {"scam.example", whole(orders)}});
  const auto verdict = find(rules, "a.scam.example");
  EXPECT_EQ(verdict.source, orders);
  EXPECT_EQ(verdict.trigger_at, 2);
}

TEST(Rules, ANetworkObeysOnlyTheSourcesOfItsPolicy) {
  const Rules rules = rules_of({{"ads.example", whole(ads)}});
  EXPECT_TRUE(find(rules, "ads.example").blocks());
  EXPECT_FALSE(find(rules, "ads.example", {.sources = every_source & ~mask_of(ads)}).blocks());
}

TEST(Rules, AnExpiredSourceActsNoLonger) {
  Rules rules = rules_of({{"scam.example", whole(source_emergency)}});
  rules.expired = mask_of(source_emergency);
  EXPECT_FALSE(find(rules, "scam.example").blocks());
}

TEST(Rules, TheDeltaReplacesWhatTheSetSays) {
  const Rules rules = rules_of({{"lifted.example", whole(orders)}, {"kept.example", whole(orders)}},
                               {{"lifted.example", {}}, {"new.example", whole(feeds)}});
  EXPECT_FALSE(find(rules, "lifted.example").blocks());
  EXPECT_FALSE(find(rules, "www.lifted.example").blocks());
  EXPECT_TRUE(find(rules, "kept.example").blocks());
  EXPECT_EQ(find(rules, "new.example").source, feeds);
}

TEST(Rules, NodataIsASourcesWish) {
  const Rules rules = rules_of(
      {{"scam.example", {.exact = mask_of(orders) | mask_of(feeds), .nodata = mask_of(feeds)}}});
  EXPECT_EQ(find(rules, "scam.example").action, Action::nxdomain);
  EXPECT_EQ(find(rules, "scam.example", {.sources = mask_of(feeds)}).action, Action::nodata);
}

TEST(Rules, TheRootAndTopLevelDomainsNeverMatch) {
  const Rules rules = rules_of({{"example", whole(orders)}});
  EXPECT_FALSE(find(rules, "example").blocks());
  EXPECT_FALSE(find(rules, "a.example").blocks());
}

TEST(Rules, ALongestNameIsFound) {
  std::string name = "a.scam.example";
  while (name.size() + 2 <= 253) name = "x." + name;
  const Rules rules = rules_of({{"scam.example", whole(orders)}});
  EXPECT_TRUE(find(rules, name).blocks());
}

TEST(NameTable, RefusesMoreClassesThanASlotCanName) {
  NameTable table{test_key};
  Result<void> done{};
  std::size_t i = 0;
  for (; i <= rule_classes_max && done; ++i) {
    done = table.set(NameKey{wire_of("n" + std::to_string(i) + ".example"), test_key},
                     {.exact = i + 1});
  }
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(table.size(), rule_classes_max);
}

// Few labels, so that names lie below one another, repeat, and differ in case only.
std::string random_name(SeededRng& rng) {
  static constexpr std::array<std::string_view, 6> labels{"a", "b", "ab", "www", "long-label-here",
                                                          "x1"};
  std::string name{labels[rng.below(labels.size())]};
  for (std::uint64_t more = rng.below(4); more > 0; --more) {
    name += "." + std::string{labels[rng.below(labels.size())]};
  }
  return name + (rng.below(2) == 0 ? ".example" : ".test");
}

RuleClass random_class(SeededRng& rng) {
  const auto some = [&rng] { return (SourceMask{1} << rng.below(source_count)) & every_source; };
  return {.exact = some() | some(),
          .below = some() * rng.below(2),
          .nodata = some() | some(),
          .nodata_below = some() | some()};
}

TEST(Rules, AgreeWithThePlainTwinOnRandomRules) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRng rng{seed};
    const HashKey key = HashKey::random(rng);
    PlainRules plain;
    NameTable base{key};
    NameTable delta{key};
    for (int i = 0; i < 200; ++i) {
      const std::string name = random_name(rng);
      const RuleClass rule_class = random_class(rng);
      ASSERT_TRUE(base.set(NameKey{wire_of(name), key}, rule_class).has_value());
      plain.set(name, rule_class);
    }
    for (int i = 0; i < 40; ++i) {
      const std::string name = random_name(rng);
      const RuleClass rule_class = rng.below(2) == 0 ? RuleClass{} : random_class(rng);
      ASSERT_TRUE(delta.set(NameKey{wire_of(name), key}, rule_class).has_value());
      plain.set(name, rule_class);
    }
    Rules rules;
    rules.base = RuleSet::from_table(std::move(base), {}, 0);
    set_deltas(rules, delta);

    NameTable merged_table{HashKey::random(rng)};
    rules.for_each([&](Bytes wire, const RuleClass& rule_class) {
      const NameKey name{wire, merged_table.key()};
      ASSERT_TRUE(merged_table.set(name, rule_class).has_value());
    });
    Rules merged;
    merged.base = RuleSet::from_table(std::move(merged_table), {}, 0);

    for (int i = 0; i < 400; ++i) {
      const std::string qname = random_name(rng);
      const Policy policy{.sources = rng.next_u64() & every_source};
      const std::string what = qname + " seed " + std::to_string(seed);
      const Verdict expected = plain.find(qname, policy);
      expect_same(find(rules, qname, policy), expected, what);
      expect_same(find(merged, qname, policy), expected, "merged " + what);
    }
  }
}

TEST(RuleSet, SharesTheShardsInWhichItDoesNotDiffer) {
  const Rules before = rules_of({{"a.example", whole(orders)}, {"b.test", whole(orders)}});
  const std::size_t index = shard_of(NameKey{wire_of("a.example"), before.key()});
  ASSERT_NE(index, shard_of(NameKey{wire_of("b.test"), before.key()}));
  const auto shard = RuleShard::freeze(
      table_of({{"c.a.example", whole(feeds)}, {"a.example", {}}, {"d.a.example", whole(orders)}}));
  const auto after = before.with_shard(index, shard, nullptr);
  EXPECT_EQ(after->base->name_count(), 3U);  // an empty class is no name
  EXPECT_FALSE(find(*after, "a.example").blocks());
  EXPECT_EQ(find(*after, "c.a.example").source, feeds);
  for (std::size_t i = 0; i < shard_count; ++i) {
    EXPECT_EQ(after->base->shards()[i] == before.base->shards()[i], i != index) << i;
  }
  EXPECT_EQ(after->with_shard(index, nullptr, nullptr)->base->name_count(), 1U);
}

// What makes it right to replace one shard by itself.
TEST(RuleShard, HoldsARuleWithAllThatLieAboveAndBelowIt) {
  SeededRng rng{5};
  const HashKey key = HashKey::random(rng);
  std::array<int, shard_count> names{};
  for (int i = 0; i < 6'400; ++i) {
    const std::string parent = "n" + std::to_string(i) + ".example";
    const std::size_t shard = shard_of(NameKey{wire_of(parent), key});
    ASSERT_LT(shard, shard_count);
    ++names.at(shard);
    EXPECT_EQ(shard_of(NameKey{wire_of("a.b." + parent), key}), shard);
    EXPECT_EQ(shard_of(NameKey{wire_of("X." + parent), key}), shard);
  }
  for (const int count : names) {
    EXPECT_GT(count, 50);  // 100 on average
    EXPECT_LT(count, 200);
  }
}

}  // namespace
}  // namespace khien::policy
