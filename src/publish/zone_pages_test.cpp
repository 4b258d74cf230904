// Pages against their plain twin: the table's own names, read one by one.
#include "publish/zone_pages.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "dns/message.h"
#include "dns/rpz.h"
#include "publish/zone_table.h"

namespace khien::publish {
namespace {

using Owners = std::set<std::string>;

const ZoneFacts& orders_zone() { return *find_zone("orders-phishing"); }

/// Owners in the page's messages, each of which must be well formed and of its size.
void read_page(const ZonePage& page, const ZoneFacts& of, Owners& owners) {
  std::size_t records = 0;
  std::size_t messages = 0;
  for (Bytes rest = page.frames; !rest.empty(); ++messages) {
    const std::size_t size = dns::load_u16(rest, 0);
    ASSERT_LE(size, page_message_size);
    const auto message = dns::parse_message(rest.subspan(2, size));
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->header.id, 0);
    EXPECT_EQ(message->header.flags, dns::flag_qr | dns::flag_aa);
    EXPECT_FALSE(message->question.has_value());
    for (const dns::Record& record : message->answers) {
      EXPECT_EQ(record.type, dns::type_cname);
      EXPECT_EQ(record.ttl, record_ttl_s);
      EXPECT_EQ(to_octets(record.rdata), to_octets(dns::rpz_action_target(of.action).wire()));
      EXPECT_TRUE(owners.insert(record.owner.view().to_text()).second) << "comes twice";
      ++records;
    }
    rest = rest.subspan(2 + size);
  }
  EXPECT_EQ(records, page.record_count);
  EXPECT_EQ(messages, page.message_count);
}

Owners owners_by_page(ZoneTable::Snapshot& snapshot, const ZoneFacts& of = orders_zone()) {
  Owners owners;
  while (const auto page = snapshot.next_page(of)) read_page(*page, of, owners);
  return owners;
}

Owners owners_one_by_one(ZoneTable& table, const ZoneFacts& of = orders_zone()) {
  Owners owners;
  ZoneTable::Snapshot snapshot{table};
  while (snapshot.next(100, [&](const ZoneTable::Item& item) {
    for (const bool below : {false, true}) {
      if (below ? !item.shown.below : !item.shown.name) continue;
      const auto owner = dns::make_rpz_owner(item.name, below, of.name);
      EXPECT_TRUE(owner.has_value());
      if (owner) owners.insert(owner->view().to_text());
    }
    return true;
  })) {
  }
  return owners;
}

/// A table that random names enter and leave, some below others.
class ChangingTable {
 public:
  ChangingTable(std::uint64_t seed, std::shared_ptr<PagesInUse> in_use)
      : rng_(seed), table_(seed, std::move(in_use)) {}

  ZoneTable& table() { return table_; }

  void change() {
    std::string text = "ten-" + std::to_string(rng_.below(6'000)) + ".example.";
    if (rng_.below(4) == 0) text = "sau." + text;
    const auto name = dns::Name::from_text(text);
    const auto source = static_cast<SourceIndex>(1 + rng_.below(2));
    if (rng_.below(3) == 0) {
      table_.remove(*name, source);
    } else {
      table_.add(*name,
                 {.source = source, .scope = rng_.below(2) == 0 ? Scope::host : Scope::domain});
    }
  }
  void change(int count) {
    for (int i = 0; i < count; ++i) change();
  }

 private:
  SeededRng rng_;
  ZoneTable table_;
};

TEST(ZonePages, SayWhatTheTableSaysAfterEveryChange) {
  ChangingTable changing{1, std::make_shared<PagesInUse>()};
  changing.change(9'000);
  for (int round = 0; round < 60; ++round) {
    changing.change(round % 7);
    ZoneTable::Snapshot snapshot{changing.table()};
    ASSERT_EQ(owners_by_page(snapshot), owners_one_by_one(changing.table())) << round;
  }
}

TEST(ZonePages, OfASnapshotStayAsTheyWereWhileTheTableChangesAndOthersRead) {
  ChangingTable changing{2, std::make_shared<PagesInUse>()};
  changing.change(9'000);
  for (int round = 0; round < 20; ++round) {
    const Owners wanted = owners_one_by_one(changing.table());
    ZoneTable::Snapshot snapshot{changing.table()};
    Owners seen;
    while (const auto page = snapshot.next_page(orders_zone())) {
      read_page(*page, orders_zone(), seen);
      changing.change(5);
      ZoneTable::Snapshot other{changing.table()};
      ASSERT_EQ(owners_by_page(other), owners_one_by_one(changing.table())) << round;
    }
    EXPECT_EQ(seen, wanted) << round;
  }
}

TEST(ZonePages, AreKeptUntilAnEntryOfTheirsChanges) {
  ZoneTable table{3};
  for (int i = 0; i < 3'000; ++i) {
    table.add(*dns::Name::from_text("t" + std::to_string(i) + ".example."), {.source = 1});
  }
  const auto pages = [&] {
    std::vector<std::shared_ptr<const ZonePage>> all;
    ZoneTable::Snapshot snapshot{table};
    while (auto page = snapshot.next_page(orders_zone())) all.push_back(std::move(page));
    return all;
  };
  const auto before = pages();
  ASSERT_EQ(before.size(), 3U);
  EXPECT_EQ(pages(), before);
  table.remove(*dns::Name::from_text("t1500.example."), 1);
  const auto after = pages();
  EXPECT_EQ(after[0], before[0]);
  EXPECT_NE(after[1], before[1]);
  EXPECT_EQ(after[1]->record_count, before[1]->record_count - 1);
  EXPECT_EQ(after[2], before[2]);
}

TEST(ZonePages, BeyondTheLimitAreMadeEachTime) {
  const auto in_use = std::make_shared<PagesInUse>();
  in_use->size_max = 200'000;
  {
    ChangingTable changing{4, in_use};
    changing.change(20'000);
    int made = 0;
    while (changing.table().make_missing_page(orders_zone())) ++made;
    EXPECT_GE(made, 1);
    EXPECT_GT(in_use->size, 0U);
    EXPECT_LE(in_use->size, in_use->size_max);
    for (int round = 0; round < 10; ++round) {
      changing.change(100);
      ZoneTable::Snapshot snapshot{changing.table()};
      ASSERT_EQ(owners_by_page(snapshot), owners_one_by_one(changing.table())) << round;
      EXPECT_LE(in_use->size, in_use->size_max);
    }
  }
  EXPECT_EQ(in_use->size, 0U) << "what a table held is given back";
}

TEST(ZonePages, HoldTheLongestNamesInAnyZone) {
  for (const ZoneFacts& of : all_zones()) {
    ZoneTable table{5};
    const std::string label(50, 'x');
    for (int i = 0; i < 1'100; ++i) {
      const std::string text =
          std::to_string(100'000 + i) + "." + label + "." + label + "." + label + ".example.";
      table.add(*dns::Name::from_text(text), {.source = 1, .scope = Scope::domain});
    }
    ZoneTable::Snapshot snapshot{table};
    EXPECT_EQ(owners_by_page(snapshot, of), owners_one_by_one(table, of)) << of.id;
  }
}

}  // namespace
}  // namespace khien::publish
