#include "publish/zone_table.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace khien::publish {
namespace {

dns::Name name_of(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

std::map<std::string, Shown> content_of(ZoneTable::Snapshot& snapshot) {
  std::map<std::string, Shown> content;
  while (snapshot.next(7, [&](const ZoneTable::Item& item) {
    content[item.name.to_text()] = item.shown;
    return true;
  })) {
  }
  return content;
}

TEST(ZoneTable, ANameStaysWhileAnybodyHoldsIt) {
  ZoneTable table{1};
  const dns::Name name = name_of("xau.example.");
  EXPECT_EQ(table.add(name, {.source = 1}).after, (Shown{.name = true}));
  EXPECT_EQ(table.add(name, {.source = 2, .scope = Scope::domain}).after,
            (Shown{.name = true, .below = true}));
  EXPECT_EQ(table.record_count(), 2U);
  // The wide holder goes: the wildcard goes with it, the name stays.
  const auto narrower = table.remove(name, 2);
  EXPECT_EQ(narrower.before, (Shown{.name = true, .below = true}));
  EXPECT_EQ(narrower.after, (Shown{.name = true}));
  EXPECT_EQ(table.remove(name, 1).after, Shown{});
  EXPECT_EQ(table.name_count(), 0U);
  EXPECT_EQ(table.record_count(), 0U);
}

TEST(ZoneTable, RepeatsAndStrangersChangeNothing) {
  ZoneTable table{1};
  const dns::Name name = name_of("xau.example.");
  table.add(name, {.source = 1});
  const auto again = table.add(name, {.source = 1});
  EXPECT_EQ(again.before, again.after);
  const auto stranger = table.remove(name, 9);
  EXPECT_EQ(stranger.before, stranger.after);
  EXPECT_EQ(table.remove(name_of("khac.example."), 1).after, Shown{});
  EXPECT_EQ(table.name_count(), 1U);
}

TEST(ZoneTable, ARemovalEndsARollback) {
  ZoneTable table{1};
  const dns::Name name = name_of("xau.example.");
  table.add(name, {.source = rollback_source, .until_ms = 5'000});
  table.add(name, {.source = 3});
  EXPECT_EQ(table.remove(name, 3).after, Shown{});
}

TEST(ZoneTable, TellsWhatIsDue) {
  ZoneTable table{1};
  table.add(name_of("b.example."), {.source = 2, .until_ms = 2'000});
  table.add(name_of("a.example."), {.source = 1, .until_ms = 1'000});
  table.add(name_of("c.example."), {.source = 3});
  EXPECT_EQ(table.next_due_ms(), 1'000);
  EXPECT_TRUE(table.due(999, 10).empty());
  const auto due = table.due(2'000, 10);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(table.name_at(due[0].name_at), name_of("a.example.").view());
  EXPECT_EQ(table.due(2'000, 1).size(), 1U);
  // A renewal moves the end.
  table.add(name_of("a.example."), {.source = 1, .until_ms = 9'000});
  EXPECT_EQ(table.next_due_ms(), 2'000);
  table.remove(name_of("b.example."), 2);
  EXPECT_EQ(table.next_due_ms(), 9'000);
}

TEST(ZoneTable, ASnapshotShowsTheInstantItWasMade) {
  ZoneTable table{1};
  for (int i = 0; i < 100; ++i) {
    table.add(name_of("n" + std::to_string(i) + ".example."), {.source = 1});
  }
  ZoneTable::Snapshot snapshot{table};
  std::map<std::string, Shown> content;
  const auto take = [&](const ZoneTable::Item& item) {
    content[item.name.to_text()] = item.shown;
    return true;
  };
  ASSERT_TRUE(snapshot.next(10, take));
  table.clear(name_of("n5.example."));   // already given out
  table.clear(name_of("n50.example."));  // not yet
  table.add(name_of("n60.example."), {.source = 2, .scope = Scope::domain});
  table.add(name_of("new.example."), {.source = 1});     // takes a freed place
  table.add(name_of("newer.example."), {.source = 1});   // takes the other
  table.add(name_of("newest.example."), {.source = 1});  // stands behind the end
  while (snapshot.next(10, take)) {
  }
  EXPECT_EQ(content.size(), 100U);
  EXPECT_TRUE(content.contains("n50.example."));
  EXPECT_EQ(content["n60.example."], (Shown{.name = true}));
  EXPECT_FALSE(content.contains("new.example."));
}

TEST(ZoneTable, ARefusedItemComesAgain) {
  ZoneTable table{1};
  table.add(name_of("a.example."), {.source = 1});
  table.add(name_of("b.example."), {.source = 1});
  ZoneTable::Snapshot snapshot{table};
  int given = 0;
  EXPECT_TRUE(snapshot.next(10, [&](const ZoneTable::Item&) { return ++given < 2; }));
  std::string last;
  EXPECT_FALSE(snapshot.next(10, [&](const ZoneTable::Item& item) {
    last = item.name.to_text();
    return true;
  }));
  EXPECT_EQ(last, "b.example.");
}

// Against std::map, with snapshots taken on the way.
TEST(ZoneTable, AgreesWithAPlainModel) {
  constexpr std::uint64_t seed = 424'242;
  SeededRng rng{seed};
  ZoneTable table{rng.next_u64()};
  std::map<std::string, std::map<SourceIndex, Holder>> model;
  const auto model_content = [&] {
    std::map<std::string, Shown> content;
    for (const auto& [name, holders] : model) {
      std::vector<Holder> list;
      for (const auto& [source, holder] : holders) list.push_back(holder);
      if (!list.empty()) content[name] = shown_by(list);
    }
    return content;
  };
  std::unique_ptr<ZoneTable::Snapshot> snapshot;
  std::map<std::string, Shown> expected;
  for (int step = 0; step < 20'000; ++step) {
    const std::string text = "n" + std::to_string(rng.below(300)) + ".example.";
    const auto source = static_cast<SourceIndex>(1 + rng.below(3));
    if (rng.below(2) == 0) {
      const Holder holder{.source = source,
                          .scope = rng.below(2) == 0 ? Scope::host : Scope::domain,
                          .until_ms = rng.below(2) == 0 ? 0 : 1'000};
      table.add(name_of(text), holder);
      model[text][source] = holder;
    } else {
      table.remove(name_of(text), source);
      model[text].erase(source);
    }
    if (step % 2'000 == 0) {
      snapshot = std::make_unique<ZoneTable::Snapshot>(table);
      expected = model_content();
    }
    if (step % 2'000 == 300) {
      EXPECT_EQ(content_of(*snapshot), expected) << "seed " << seed;
      snapshot.reset();
    }
  }
  ZoneTable::Snapshot last{table};
  EXPECT_EQ(content_of(last), model_content());
  EXPECT_EQ(table.name_count(), model_content().size());
}

TEST(ZoneTable, IsCompact) {
  ZoneTable table{1};
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i) {
    table.add(name_of("lua-dao-so-" + std::to_string(i) + ".example."), {.source = 1});
  }
  EXPECT_LT(table.memory_size() / count, 70U);
}

}  // namespace
}  // namespace khien::publish
