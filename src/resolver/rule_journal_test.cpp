// The journal beside the snapshot: what a kill at any instant leaves, read back by a new store.
#include "resolver/rule_journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/testing/full_disk.h"
#include "policy/test_names.h"
#include "resolver/rule_store.h"
#include "resolver/test_calls.h"

namespace khien::resolver {
namespace {

constexpr std::size_t test_file_size_max = 16U << 20;
const policy::Source source = policy::source_named("orders-phishing");

RuleEdits edits_of(std::initializer_list<std::pair<const char*, bool>> changes) {
  RuleEdits edits;
  for (const auto& [name, add] : changes) {
    const Octets wire = policy::wire_of(name);
    edits.push({.add = add, .below = false, .nodata = false, .name = wire});
  }
  return edits;
}

policy::ZoneState zone_at(std::uint32_t serial) {
  return {.name = "orders-phishing.rpz.khien.",
          .source = source,
          .serial = serial,
          .refresh_s = 60,
          .retry_s = 30,
          .expire_s = 86'400,
          .confirmed_at_ms = 1'767'225'600'000};
}

class RuleJournalTest : public testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::error);
    // In memory where that is to be had: these tests sync a thousand times.
    const std::filesystem::path memory = "/dev/shm";
    folder_ = (std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) /
              ("khien-journal-" + std::to_string(SystemRng{}.next_u64()));
    std::filesystem::create_directories(folder_);
    store_ = open();
    ASSERT_TRUE(store_->replace_zone(zone_at(1), edits_of({{"cu.example", true}})).has_value());
    ASSERT_TRUE(store_->save().has_value());
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    set_log_level(LogLevel::info);
  }

  std::unique_ptr<RuleStore> open() {
    auto store = std::make_unique<RuleStore>(folder_, clock_, rng_, metrics_);
    (void)store->load();
    store->keep_journal();
    return store;
  }
  /// As a kill does: nothing is saved on the way.
  void kill_and_restart() {
    store_.reset();
    store_ = open();
  }
  void change(std::uint32_t serial, std::initializer_list<std::pair<const char*, bool>> changes) {
    ASSERT_TRUE(store_->change_zone(zone_at(serial), edits_of(changes)).has_value());
  }
  bool blocks(std::string_view name) {
    const Octets wire = policy::wire_of(name);
    return store_->rules().find(policy::NameKey{wire, store_->key()}, {}).blocks();
  }
  std::uint32_t serial() {
    const auto* zone = store_->zone(zone_at(1).name);
    return zone == nullptr ? 0 : zone->serial;
  }
  std::int64_t count(std::string_view name) { return metrics_.counter(name, "").value(); }
  std::filesystem::path journal() const { return folder_ / journal_file_name; }
  Octets journal_octets() const { return *read_file(journal(), test_file_size_max); }
  void write_journal(Bytes octets) const {
    std::ofstream{journal(), std::ios::binary | std::ios::trunc}
        << std::string{octets.begin(), octets.end()};
  }

  std::filesystem::path folder_;
  ManualClock clock_;
  SeededRng rng_{11};
  Metrics metrics_;
  std::unique_ptr<RuleStore> store_;
};

TEST_F(RuleJournalTest, AKilledStoreStartsWithWhatTookEffect) {
  change(2, {{"moi.example", true}});
  kill_and_restart();
  EXPECT_TRUE(blocks("moi.example"));
  EXPECT_TRUE(blocks("cu.example"));
  EXPECT_EQ(serial(), 2U);
  EXPECT_TRUE(store_->dirty());  // to be folded into the snapshot
  change(3, {{"moi.example", false}, {"cu.example", false}});
  kill_and_restart();
  EXPECT_FALSE(blocks("moi.example"));
  EXPECT_FALSE(blocks("cu.example"));
  EXPECT_EQ(serial(), 3U);
  EXPECT_EQ(count("khien_dnsd_journal_cut_total"), 0);
}

TEST_F(RuleJournalTest, AWholeZoneIsOneRecord) {
  ASSERT_TRUE(store_->replace_zone(zone_at(9), edits_of({{"ba.example", true}})).has_value());
  kill_and_restart();
  EXPECT_TRUE(blocks("ba.example"));
  EXPECT_FALSE(blocks("cu.example"));
  EXPECT_EQ(serial(), 9U);
}

TEST_F(RuleJournalTest, ASnapshotBeginsANewOne) {
  change(2, {{"moi.example", true}});
  const Octets before = journal_octets();
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_LT(journal_octets().size(), before.size());
  change(3, {{"ba.example", true}});
  kill_and_restart();
  EXPECT_TRUE(blocks("moi.example"));
  EXPECT_TRUE(blocks("ba.example"));
  // Killed between the two renames: the journal is that of the snapshot before.
  ASSERT_TRUE(store_->save().has_value());
  store_.reset();
  write_journal(before);
  store_ = open();
  EXPECT_EQ(serial(), 3U);
  EXPECT_TRUE(blocks("ba.example"));
  EXPECT_EQ(count("khien_dnsd_journal_cut_total"), 0);
  change(4, {{"bon.example", true}});  // and it goes on with a good one
  kill_and_restart();
  EXPECT_TRUE(blocks("bon.example"));
}

// Cut anywhere or with any octet changed, the journal gives the changes before the damage, in
// order, and the store goes on from there.
TEST_F(RuleJournalTest, DamageCostsWhatStandsBehindIt) {
  change(2, {{"hai.example", true}});
  change(3, {{"ba.example", true}, {"cu.example", false}});
  store_.reset();
  const Octets whole = journal_octets();
  std::array<int, 4> seen{};
  const auto check = [&](Bytes octets, const std::string& what) {
    write_journal(octets);
    store_ = open();
    ASSERT_GE(serial(), 1U) << what;
    ASSERT_LE(serial(), 3U) << what;
    ++seen.at(serial());
    EXPECT_EQ(blocks("hai.example"), serial() >= 2) << what;
    EXPECT_EQ(blocks("ba.example"), serial() >= 3) << what;
    EXPECT_EQ(blocks("cu.example"), serial() <= 2) << what;
    store_.reset();
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    check(Bytes{whole}.first(size), "cut to " + std::to_string(size));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Octets damaged = whole;
    damaged[at] ^= 0x40;
    check(damaged, "damaged at " + std::to_string(at));
  }
  EXPECT_GT(seen[1], 0);
  EXPECT_GT(seen[2], 0);
  EXPECT_EQ(seen[3], 0);
  EXPECT_GT(count("khien_dnsd_journal_cut_total"), 0);
}

TEST_F(RuleJournalTest, ARecordThatDoesNotFitEndsIt) {
  store_.reset();
  RuleJournal::Replay replay;
  const auto digest = open()->rules().base->digest();
  {
    auto file = RuleJournal::create(journal(), digest);
    ASSERT_TRUE(file.has_value());
    for (const std::uint32_t from : {1U, 7U, 2U}) {
      ASSERT_TRUE(file->append({.zone = zone_at(from + 1),
                                .from_serial = from,
                                .edits = edits_of({{"x.example", from == 1}})})
                      .has_value());
    }
  }
  store_ = open();
  EXPECT_EQ(serial(), 2U);
  EXPECT_TRUE(blocks("x.example"));
  EXPECT_EQ(count("khien_dnsd_journal_cut_total"), 1);
  EXPECT_TRUE(store_->save_is_due());
  ASSERT_TRUE(store_->save().has_value());
  kill_and_restart();
  EXPECT_EQ(serial(), 2U);
  EXPECT_EQ(count("khien_dnsd_journal_cut_total"), 1);
}

TEST_F(RuleJournalTest, GrowsNoFurtherThanTheSnapshotLets) {
  EXPECT_FALSE(store_->save_is_due());
  std::uint32_t serial = 1;
  while (!store_->save_is_due()) {
    ++serial;
    change(serial, {{"moi.example", serial % 2 == 0}});
    ASSERT_LT(serial, journal_records_due + 10);
  }
  // Changes may interrupt that save for a while, not for ever.
  EXPECT_FALSE(store_->save_is_pressing());
  while (!store_->save_is_pressing()) {
    ++serial;
    change(serial, {{"moi.example", serial % 2 == 0}});
    ASSERT_LT(serial, journal_records_pressing + 10);
  }
  EXPECT_GT(serial, journal_records_pressing);
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_FALSE(store_->save_is_due());
  EXPECT_FALSE(store_->save_is_pressing());
  kill_and_restart();
  EXPECT_EQ(this->serial(), serial);
}

// Without a journal that holds it, what changed is on no disk: nothing may hold that up.
TEST_F(RuleJournalTest, WhatIsInNoJournalIsPressing) {
  EXPECT_FALSE(store_->save_is_pressing());
  const auto size = std::filesystem::file_size(journal());
  {
    const FullDisk full{size + 10};
    change(2, {{"moi.example", true}});
  }
  EXPECT_TRUE(store_->save_is_pressing());
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_FALSE(store_->save_is_pressing());
}

TEST_F(RuleJournalTest, AChangeTooLargeForItIsDueForASnapshot) {
  RuleEdits edits;
  for (std::size_t i = 0; edits.octets().size() <= journal_record_size_max; ++i) {
    const Octets wire = policy::wire_of("ten-mien-so-" + std::to_string(i) + ".example");
    edits.push({.add = true, .below = true, .nodata = false, .name = wire});
  }
  ASSERT_TRUE(store_->replace_zone(zone_at(2), edits).has_value());
  EXPECT_TRUE(store_->save_is_due());
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_FALSE(store_->save_is_due());
  kill_and_restart();
  EXPECT_EQ(serial(), 2U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// A change is durable soon after it is in force, and whoever makes it does not wait for that: else
// the change after would wait for the disk.
TEST_F(RuleJournalTest, NoChangeWaitsForTheDisk) {
  const std::size_t own = own_sync_count;
  const std::size_t all = sync_count;
  for (std::uint32_t serial = 2; serial < 10; ++serial) {
    change(serial, {{"moi.example", serial % 2 == 0}});
  }
  EXPECT_EQ(own_sync_count, own);
  store_.reset();  // the last sync is waited for
  EXPECT_EQ(own_sync_count, own);
  EXPECT_GT(sync_count, all);
}

// What the disk holds is then unknown: the snapshot is due, and changes go on meanwhile.
TEST_F(RuleJournalTest, ASyncThatFailsMakesTheSnapshotDue) {
  sync_error = EIO;
  change(2, {{"moi.example", true}});
  while (count("khien_dnsd_journal_failures_total") == 0 || !store_->save_is_due()) {
    std::this_thread::yield();
  }
  sync_error = 0;
  change(3, {{"ba.example", true}});
  EXPECT_TRUE(blocks("ba.example"));
  EXPECT_TRUE(store_->save_is_due());
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_FALSE(store_->save_is_due());
  EXPECT_EQ(count("khien_dnsd_journal_failures_total"), 1);
  kill_and_restart();
  EXPECT_TRUE(blocks("moi.example"));
  EXPECT_TRUE(blocks("ba.example"));
}
#endif

// No room on the disk: the block takes effect all the same, the failure is counted, and the next
// save tries again.
TEST_F(RuleJournalTest, AFullDiskDelaysNoChange) {
  const auto size = std::filesystem::file_size(journal());
  Result<void> saved;
  {
    const FullDisk full{size + 10};
    EXPECT_TRUE(store_->change_zone(zone_at(2), edits_of({{"moi.example", true}})).has_value());
    saved = store_->save();
  }
  EXPECT_TRUE(blocks("moi.example"));
  EXPECT_FALSE(saved.has_value());
  EXPECT_EQ(count("khien_dnsd_journal_failures_total"), 1);
  EXPECT_EQ(std::filesystem::file_size(journal()), size);
  EXPECT_TRUE(store_->save_is_due());
  ASSERT_TRUE(store_->save().has_value());
  kill_and_restart();
  EXPECT_TRUE(blocks("moi.example"));
}

// Interrupted at any point, a save has not happened: journal and snapshot go on as they were.
TEST_F(RuleJournalTest, AnInterruptedSaveLeavesTheJournalInForce) {
  change(2, {{"moi.example", true}, {"khac.test", true}});
  int steps = 0;
  for (int last = 0;; ++last) {
    steps = 0;
    const auto saved = store_->save_unless([&] { return steps++ == last; });
    ASSERT_TRUE(saved.has_value());
    if (*saved) break;
    EXPECT_TRUE(store_->dirty());
    EXPECT_TRUE(blocks("moi.example"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder_}, {}), 2);
    change(3 + static_cast<std::uint32_t>(last), {{"cu.example", last % 2 != 0}});
    const std::uint32_t before = serial();
    kill_and_restart();
    EXPECT_EQ(serial(), before);
    EXPECT_TRUE(blocks("khac.test"));
    EXPECT_EQ(blocks("cu.example"), last % 2 != 0);
  }
  EXPECT_GT(steps, 3);  // between merges and between pieces
  EXPECT_FALSE(store_->dirty());
  kill_and_restart();
  EXPECT_TRUE(blocks("moi.example"));
  EXPECT_EQ(count("khien_dnsd_journal_cut_total"), 0);
}

// Names that no rule may have, unknown flags, cut heads: none is taken for a record.
TEST(JournalRecord, IsReadExactlyOrNotAtAll) {
  const Octets good = encode_record(
      {.zone = zone_at(3), .from_serial = 2, .edits = edits_of({{"a.example", true}})});
  const auto read = parse_record(good);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->zone, zone_at(3));
  EXPECT_EQ(read->from_serial, 2U);
  EXPECT_EQ(encode_record(*read), good);
  const std::size_t head_size = good.size() - read->edits.octets().size();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(parse_record(Bytes{good}.first(size)).has_value(), size == head_size) << size;
  }
  Octets bad_flag = good;
  bad_flag[head_size] |= 8;
  EXPECT_FALSE(parse_record(bad_flag).has_value());
  Octets bad_kind = good;
  bad_kind[0] = 3;
  EXPECT_FALSE(parse_record(bad_kind).has_value());
  Octets top_level(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(head_size));
  const std::array<std::uint8_t, 7> com{1, 5, 3, 'c', 'o', 'm', 0};  // add, 5 octets
  top_level.insert(top_level.end(), com.begin(), com.end());
  EXPECT_FALSE(parse_record(top_level).has_value());
}

}  // namespace
}  // namespace khien::resolver
