// What lies below a domain, against the definition and against RFC 4592 (testing_records.h).
#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"
#include "publish/testing.h"
#include "publish/testing_records.h"
#include "publish/zone_table.h"

namespace khien::publish {
namespace {

std::string text_of(dns::NameView name) {
  std::string text = name.to_text();
  text.pop_back();
  return text;
}

RecordSet records_of(ZoneTable::Snapshot& snapshot) {
  RecordSet records;
  while (snapshot.next(5, [&](const ZoneTable::Item& item) {
    if (item.shown.name) records.insert(text_of(item.name));
    if (item.shown.below) records.insert("*." + text_of(item.name));
    return true;
  })) {
  }
  return records;
}

RecordSet records_of(ZoneTable& table) {
  ZoneTable::Snapshot snapshot{table};
  return records_of(snapshot);
}

constexpr Holder as_host{.source = 1, .scope = Scope::host};
constexpr Holder as_domain{.source = 1, .scope = Scope::domain};

TEST(ZoneCover, NamesBetweenADomainAndAListedNameShowBoth) {
  const RecordSet wanted{"b.example",     "*.b.example",     "c.b.example",
                         "*.c.b.example", "q.p.c.b.example", "*.q.p.c.b.example",
                         "p.c.b.example", "*.p.c.b.example"};
  for (const bool is_domain_first : {true, false}) {
    ZoneTable table{1};
    TableChange last;
    if (is_domain_first) {
      table.add(test_name("b.example"), as_domain);
      last = table.add(test_name("q.p.c.b.example"), as_host);
      EXPECT_EQ(last.after, (Shown{.name = true, .below = true}));
      EXPECT_EQ(last.held_after, (Shown{.name = true}));
      EXPECT_EQ(last.others.size(), 2U);  // p.c.b and c.b
    } else {
      table.add(test_name("q.p.c.b.example"), as_host);
      last = table.add(test_name("b.example"), as_domain);
      EXPECT_EQ(last.others.size(), 3U);
    }
    EXPECT_EQ(records_of(table), wanted);
    EXPECT_EQ(table.record_count(), wanted.size());
    EXPECT_EQ(table.name_count(), 2U);
    EXPECT_EQ(table.shown(test_name("p.c.b.example")), (Shown{.name = true, .below = true}));
    EXPECT_EQ(table.held(test_name("p.c.b.example")), Shown{});
    EXPECT_EQ(table.held(test_name("q.p.c.b.example")), (Shown{.name = true}));
    // A filler is nobody's: nothing can be taken off it.
    EXPECT_EQ(table.clear(test_name("p.c.b.example")).others.size(), 0U);
    EXPECT_EQ(table.remove(test_name("p.c.b.example"), 1).after, Shown{});
    EXPECT_EQ(records_of(table), wanted);
  }
}

TEST(ZoneCover, FillersGoWithTheLastThatNeedsThem) {
  ZoneTable table{1};
  table.add(test_name("b.example"), as_domain);
  table.add(test_name("p.c.b.example"), as_host);
  table.add(test_name("q.c.b.example"), as_host);
  table.remove(test_name("p.c.b.example"), 1);
  EXPECT_TRUE(table.shown(test_name("c.b.example")).name);
  const auto gone = table.remove(test_name("q.c.b.example"), 1);
  EXPECT_EQ(gone.others.size(), 1U);
  EXPECT_EQ(records_of(table), (RecordSet{"b.example", "*.b.example"}));
  // The domain goes first: what is left shows what it is held for.
  table.add(test_name("p.c.b.example"), as_host);
  table.remove(test_name("b.example"), 1);
  EXPECT_EQ(records_of(table), RecordSet{"p.c.b.example"});
  EXPECT_EQ(table.record_count(), 1U);
}

TEST(ZoneCover, AListedNameBecomesAFillerAndAFillerAListedName) {
  ZoneTable table{1};
  table.add(test_name("b.example"), as_domain);
  table.add(test_name("c.b.example"), as_host);
  table.add(test_name("d.c.b.example"), as_host);
  const RecordSet before = records_of(table);
  const auto left = table.remove(test_name("c.b.example"), 1);
  EXPECT_EQ(left.before, left.after);
  EXPECT_NE(left.held_before, left.held_after);
  EXPECT_EQ(records_of(table), before);
  EXPECT_EQ(table.name_count(), 2U);
  const auto back = table.add(test_name("c.b.example"), {.source = 7, .until_ms = 9});
  EXPECT_EQ(back.before, back.after);
  EXPECT_EQ(table.name_count(), 3U);
  EXPECT_EQ(table.due(9, 5).size(), 1U);
}

// Thousands of names below a domain: those change, and nothing else.
TEST(ZoneCover, ADomainTouchesWhatLiesBelowIt) {
  ZoneTable table{1};
  constexpr std::size_t count = 3'000;
  for (std::size_t i = 0; i < count; ++i) {
    table.add(test_name("n" + std::to_string(i) + ".xau.example"), as_host);
    table.add(test_name("n" + std::to_string(i) + ".khac.example"), as_host);
  }
  const auto added = table.add(test_name("xau.example"), as_domain);
  EXPECT_EQ(added.others.size(), count);
  EXPECT_EQ(table.record_count(), 3 * count + 2);
  const auto removed = table.remove(test_name("xau.example"), 1);
  EXPECT_EQ(removed.others.size(), count);
  EXPECT_EQ(table.record_count(), 2 * count);
}

TEST(ZoneCover, TheLongestNamesFillersFit) {
  std::string name = "a";
  while (name.size() + 2 <= 251) name += ".a";
  ZoneTable table{1};
  table.add(test_name("a.a"), as_domain);
  const auto added = table.add(test_name(name), as_host);
  EXPECT_EQ(added.others.size(), test_name(name).label_count() - 3);
  EXPECT_EQ(table.remove(test_name(name), 1).others.size(), added.others.size());
  EXPECT_EQ(table.record_count(), 2U);
}

/// Two to five labels of a small alphabet, so that names lie below one another all the time.
std::string small_name(SeededRng& rng) {
  std::string name;
  for (std::size_t count = rng.below(4); count > 0; --count)
    name += rng.below(2) == 0 ? "a." : "b.";
  return name + (rng.below(3) == 0 ? "y.example" : "x.example");
}

std::vector<std::string> questions() {
  std::vector<std::string> names{"x.example", "y.example", "z.example"};
  for (std::size_t from = 0, depth = 0; depth < 5; ++depth) {
    const std::size_t end = names.size();
    for (; from < end; ++from) {
      for (const char* label : {"a.", "b.", "c."}) {
        if (depth < 4 || label[0] == 'c') names.push_back(label + names[from]);
      }
    }
  }
  return names;
}

/// A table beside the plain model of it, and what a follower makes of the table's changes.
class CoverModel {
 public:
  explicit CoverModel(std::uint64_t seed) : rng_(seed), table_(rng_.next_u64()) {}

  void step() {
    const std::string text = small_name(rng_);
    const auto source = static_cast<SourceIndex>(1 + rng_.below(3));
    auto& holders = holders_[text];
    switch (rng_.below(5)) {
      case 0:
      case 1: {
        const Holder holder{.source = source,
                            .scope = rng_.below(2) == 0 ? Scope::host : Scope::domain,
                            .until_ms = rng_.below(3) == 0 ? 1'000 : 0};
        holders[source] = holder;
        follow(table_.add(test_name(text), holder));
        break;
      }
      case 2:
        holders.clear();
        follow(table_.clear(test_name(text)));
        break;
      default: holders.erase(source); follow(table_.remove(test_name(text), source));
    }
  }

  [[nodiscard]] HeldNames held() const {
    HeldNames held;
    for (const auto& [name, holders] : holders_) {
      for (const auto& [source, holder] : holders) {
        auto& scope = held.emplace(name, Scope::host).first->second;
        if (holder.scope == Scope::domain) scope = Scope::domain;
      }
    }
    return held;
  }
  [[nodiscard]] ZoneTable& table() { return table_; }
  [[nodiscard]] const RecordSet& followed() const { return followed_; }

  /// The same holders in a table that is loaded, in another order.
  RecordSet loaded_anew() {
    ZoneTable fresh{rng_.next_u64()};
    std::vector<std::pair<dns::Name, Holder>> all;
    for (const auto& [name, holders] : holders_) {
      for (const auto& [source, holder] : holders) {
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(rng_.below(all.size() + 1)),
                   {test_name(name), holder});
      }
    }
    for (const auto& [name, holder] : all) fresh.load(name, holder);
    fresh.settle();
    EXPECT_EQ(fresh.record_count(), table_.record_count());
    EXPECT_EQ(fresh.name_count(), table_.name_count());
    return records_of(fresh);
  }

 private:
  void follow(const TableChange& change) {
    follow(ShownChange{.name_at = change.name_at, .before = change.before, .after = change.after});
    for (const ShownChange& other : change.others) follow(other);
  }
  /// As IXFR would: what goes was there, what comes was not.
  void follow(const ShownChange& change) {
    if (change.before == change.after) return;
    const std::string name = text_of(table_.name_at(change.name_at));
    const auto move = [&](bool before, bool after, const std::string& owner) {
      if (before && !after) {
        EXPECT_EQ(followed_.erase(owner), 1U) << owner;
      } else if (!before && after) {
        EXPECT_TRUE(followed_.insert(owner).second) << owner;
      }
    };
    move(change.before.name, change.after.name, name);
    move(change.before.below, change.after.below, "*." + name);
  }

  SeededRng rng_;
  ZoneTable table_;
  std::map<std::string, std::map<SourceIndex, Holder>> holders_;
  RecordSet followed_;
};

TEST(ZoneCover, IsWhatTheDefinitionSaysAfterEachOfManySteps) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CoverModel model{seed};
    std::unique_ptr<ZoneTable::Snapshot> snapshot;
    RecordSet at_snapshot;
    for (int step = 0; step < 1'500; ++step) {
      model.step();
      const RecordSet wanted = records_by_definition(model.held());
      ASSERT_EQ(model.followed(), wanted) << "seed " << seed << " step " << step;
      ASSERT_EQ(model.table().record_count(), wanted.size()) << "seed " << seed << " step " << step;
      if (step % 7 == 0) {
        ASSERT_EQ(records_of(model.table()), wanted) << "seed " << seed << " step " << step;
      }
      if (step % 50 == 0) {
        snapshot = std::make_unique<ZoneTable::Snapshot>(model.table());
        at_snapshot = wanted;
      }
      if (step % 50 == 30) {
        ASSERT_EQ(records_of(*snapshot), at_snapshot) << "seed " << seed << " step " << step;
        snapshot.reset();
        ASSERT_EQ(model.loaded_anew(), wanted) << "seed " << seed << " step " << step;
      }
    }
  }
}

// The point of it all: a resolver that matches wildcards as RFC 4592 says blocks what one blocks
// that looks for a rule at each name above.
TEST(ZoneCover, GivesTheSameVerdictsAsTheRules) {
  const std::vector<std::string> names = questions();
  for (std::uint64_t seed = 100; seed < 104; ++seed) {
    CoverModel model{seed};
    for (int step = 0; step < 300; ++step) {
      model.step();
      if (step % 3 != 0) continue;
      const HeldNames held = model.held();
      const RecordSet records = records_of(model.table());
      const RecordSet existing = existing_names(records);
      for (const std::string& name : names) {
        ASSERT_EQ(is_matched_by_records(records, existing, name), is_covered_by_rule(held, name))
            << name << " seed " << seed << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace khien::publish
