// The store against a plain map, change by change, with lists large enough to go shard by shard;
// and what a swap takes, and what it leaves when it is cut off.
#include "resolver/rule_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/log.h"
#include "base/page_buffer.h"
#include "base/testing/full_disk.h"
#include "policy/test_names.h"
#include "resolver/snapshot_disk.h"

namespace khien::resolver {
namespace {

using policy::RuleClass;
using policy::SourceMask;

const policy::Source orders = policy::source_named("orders-phishing");
const policy::Source feeds = policy::source_named("feeds-malware");
const policy::Source pass = policy::source_pass;

class RuleStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::error);
    folder_ = std::filesystem::temp_directory_path() /
              ("khien-store-" + std::to_string(SystemRng{}.next_u64()));
    std::filesystem::create_directories(folder_);
    store_ = open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
    set_log_level(LogLevel::info);
  }

  std::unique_ptr<RuleStore> open() {
    auto store = std::make_unique<RuleStore>(folder_, clock_, rng_, metrics_);
    (void)store->load();
    store->keep_journal();
    return store;
  }
  static policy::ZoneState zone_of(policy::Source source, std::uint32_t serial) {
    return {.name = policy::source_id(source) + ".rpz.khien.", .source = source, .serial = serial};
  }
  /// `list_NUMBER`: half of its names are those of every other number, too.
  EditSpool list(int number, std::size_t names) const {
    EditSpool spool = store_->spool();
    for (std::size_t i = 0; i < names; ++i) {
      const std::string name = (i % 2 == 0 ? std::string{"chung"} : "so" + std::to_string(number)) +
                               "-" + std::to_string(i) + ".example";
      const Octets wire = policy::wire_of(name);
      spool.push(orders, {.below = false, .name = wire});
      spool.push(orders, {.below = true, .name = wire});
    }
    return spool;
  }
  static bool blocks(const RuleStore& store, std::string_view name) {
    const Octets wire = policy::wire_of(name);
    return store.rules().find(policy::NameKey{wire, store.key()}, {}).blocks();
  }
  /// The number of the list that is in force in all of `store`; 0 for none, -1 for a mixture.
  static int list_in(const RuleStore& store, std::size_t names, int number_max) {
    for (int number = 1; number <= number_max; ++number) {
      std::size_t found = 0;
      for (std::size_t i = 1; i < names; i += 2) {
        found += blocks(store, "so" + std::to_string(number) + "-" + std::to_string(i) + ".example")
                     ? 1U
                     : 0U;
      }
      if (found == names / 2 && store.rules().base->name_count() == names) return number;
      if (found != 0) return -1;
    }
    return 0;
  }

  std::filesystem::path folder_;
  ManualClock clock_;
  SeededRng rng_{23};
  Metrics metrics_;
  std::unique_ptr<RuleStore> store_;
};

// What the zones hold, as one would explain it.
class PlainZones {
 public:
  using Record = std::tuple<std::string, bool, bool>;  // name, below, nodata
  std::map<std::uint8_t, std::set<Record>> zones;

  [[nodiscard]] policy::PlainRules rules() const {
    std::map<std::string, RuleClass> classes;
    for (const auto& [index, records] : zones) {
      for (const auto& [name, below, nodata] : records) {
        RuleClass& rule_class = classes[name];
        const SourceMask mask = mask_of(policy::Source{index});
        (below ? rule_class.below : rule_class.exact) |= mask;
        if (nodata) (below ? rule_class.nodata_below : rule_class.nodata) |= mask;
      }
    }
    policy::PlainRules rules;
    for (const auto& [name, rule_class] : classes) rules.set(name, rule_class);
    return rules;
  }
};

std::string random_name(SeededRng& rng, std::uint64_t variety) {
  const std::string parent = "n" + std::to_string(rng.below(variety)) + ".example";
  switch (rng.below(4)) {
    case 0: return "a." + parent;
    case 1: return "b.a." + parent;
    default: return parent;
  }
}

// Whether a record says NODATA goes by its name, so that a name's two triggers never differ.
PlainZones::Record random_record(SeededRng& rng, std::uint64_t variety) {
  std::string name = random_name(rng, variety);
  const bool nodata = name.size() % 3 == 0;
  return {std::move(name), rng.below(2) == 0, nodata};
}

void push(EditSpool& spool, policy::Source source, const PlainZones::Record& record, bool add) {
  const Octets wire = policy::wire_of(std::get<0>(record));
  spool.push(
      source,
      {.add = add, .below = std::get<1>(record), .nodata = std::get<2>(record), .name = wire});
}

class RandomZones : public RuleStoreTest {
 protected:
  void expect_same(SeededRng& rng, std::uint64_t variety, const std::string& what) {
    const policy::PlainRules plain = plain_.rules();
    for (int i = 0; i < 500; ++i) {
      const std::string name = "www." + random_name(rng, variety);
      const std::string qname = rng.below(2) == 0 ? name : name.substr(4);
      const policy::Policy policy{.sources = rng.next_u64() & policy::every_source};
      const Octets wire = policy::wire_of(qname);
      policy::expect_same(store_->rules().find(policy::NameKey{wire, store_->key()}, policy),
                          plain.find(qname, policy), what + " " + qname);
    }
    std::size_t names = 0;
    store_->rules().for_each([&](Bytes, const RuleClass&) { ++names; });
    EXPECT_EQ(names, plain.all().size()) << what;
  }

  void replace(SeededRng& rng, policy::Source source, std::size_t records, std::uint64_t variety) {
    auto& zone = plain_.zones[source.index];
    zone.clear();
    while (zone.size() < records) zone.insert(random_record(rng, variety));
    EditSpool spool = store_->spool();
    for (const auto& record : zone) push(spool, source, record, true);
    ASSERT_TRUE(store_->replace_zone(zone_of(source, ++serial_), spool).has_value());
  }
  void change(SeededRng& rng, policy::Source source, std::size_t records, std::uint64_t variety) {
    // Like a secondary: changes only to what it has.
    if (store_->zone(zone_of(source, 0).name) == nullptr) return replace(rng, source, 0, variety);
    auto& zone = plain_.zones[source.index];
    EditSpool spool = store_->spool();
    for (std::size_t i = 0; i < records; ++i) {
      const auto record = random_record(rng, variety);
      const bool add = !zone.contains(record);
      push(spool, source, record, add);
      if (add) {
        zone.insert(record);
      } else {
        zone.erase(record);
      }
    }
    ASSERT_TRUE(store_->change_zone(zone_of(source, ++serial_), spool).has_value());
  }

  PlainZones plain_;
  std::uint32_t serial_ = 0;
};

TEST_F(RandomZones, AreWhatThePlainMapSays) {
  constexpr std::uint64_t variety = 300;
  const std::array sources{orders, feeds, pass};
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SeededRng rng{seed};
    for (int step = 0; step < 12; ++step) {
      const policy::Source source = sources.at(rng.below(sources.size()));
      const std::string what = "seed " + std::to_string(seed) + " step " + std::to_string(step);
      switch (rng.below(4)) {
        case 0: replace(rng, source, rng.below(400), variety); break;
        case 1: change(rng, source, rng.below(200), variety); break;
        case 2: change(rng, source, 1, variety); break;
        default: ASSERT_TRUE(store_->save().has_value()); break;
      }
      if (rng.below(4) == 0) {
        store_.reset();  // killed: snapshot and journal hold it, once there was a first snapshot
        store_ = open();
        if (!std::filesystem::exists(folder_ / snapshot_file_name)) plain_.zones.clear();
      }
      expect_same(rng, variety, what);
    }
  }
}

// Above what is journaled and what a delta holds: shards are built anew, by AXFR and by IXFR.
TEST_F(RandomZones, OfManyNamesGoShardByShard) {
  constexpr std::uint64_t variety = 60'000;
  SeededRng rng{99};
  replace(rng, orders, 70'000, variety);
  expect_same(rng, variety, "first");
  replace(rng, feeds, 3'000, variety);
  expect_same(rng, variety, "another source");
  replace(rng, orders, 60'000, variety);
  expect_same(rng, variety, "swapped");
  change(rng, orders, 60'000, variety);
  expect_same(rng, variety, "changed");
  ASSERT_TRUE(store_->save().has_value());
  expect_same(rng, variety, "saved");
  store_.reset();
  store_ = open();
  expect_same(rng, variety, "mapped");
  replace(rng, orders, 500, variety);  // mapped shards are let go of
  expect_same(rng, variety, "emptied");
}

TEST_F(RuleStoreTest, AChangeThatDoesNotFitChangesNothingHoweverLargeItIs) {
  constexpr std::size_t names = 60'000;
  ASSERT_TRUE(store_->replace_zone(zone_of(orders, 1), list(1, names)).has_value());
  for (const std::size_t count : {std::size_t{10}, names}) {
    EditSpool spool = store_->spool();
    for (std::size_t i = 0; i < count; ++i) {
      const Octets wire = policy::wire_of("moi-" + std::to_string(i) + ".example");
      spool.push(orders, {.name = wire});
    }
    const Octets there = policy::wire_of("chung-0.example");
    spool.push(orders, {.name = there});
    EXPECT_EQ(spool.in_order() == nullptr, count == names);
    const auto before = store_->published().get();
    const auto done = store_->change_zone(zone_of(orders, 2), spool);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::conflict);
    EXPECT_EQ(store_->published().get(), before);
    EXPECT_EQ(store_->zone(zone_of(orders, 1).name)->serial, 1U);
  }
}

TEST_F(RuleStoreTest, AListWithMoreClassesThanFitIsRefusedWhole) {
  // One class a name in one shard: more than a further source could be told apart from.
  policy::NameTable table{store_->key()};
  constexpr std::size_t classes = policy::rule_classes_max / 8;
  for (std::size_t i = 0; i < classes; ++i) {
    const Octets wire = policy::wire_of("n" + std::to_string(i) + ".mot.example");
    ASSERT_TRUE(table.set(policy::NameKey{wire, store_->key()}, {.exact = 2 * i + 2}).has_value());
  }
  const Octets wire = policy::wire_of("mot.example");
  const std::size_t shard = policy::shard_of(policy::NameKey{wire, store_->key()});
  const auto full = store_->rules().with_shard(shard, policy::RuleShard::freeze(table), nullptr);
  EditSpool spool = store_->spool();
  spool.push(orders, {.name = wire});
  const auto fits = ShardUpdate::check_limits(*full, spool);
  ASSERT_FALSE(fits.has_value());
  EXPECT_EQ(fits.error().code, ErrorCode::limit_exceeded);
  EXPECT_TRUE(ShardUpdate::check_limits(store_->rules(), spool).has_value());
}

// Counted in octets, not by the clock or the kernel: what shards take while all of them are
// replaced, and what the spool holds back. 3/64 of a list and its skew beside the list.
TEST_F(RuleStoreTest, ASwapTakesLittleMoreThanTheList) {
  constexpr std::size_t names = 200'000;
  const std::size_t before = PageBuffer::use().now;
  ASSERT_TRUE(store_->replace_zone(zone_of(orders, 1), list(1, names)).has_value());
  const std::size_t steady = PageBuffer::use().now - before;
  EXPECT_GE(steady, store_->rules().base->memory_size());
  const EditSpool next = list(2, names);
  EXPECT_LE(next.memory_size(), policy::shard_count * spool_chunk_size);
  PageBuffer::forget_most();
  ASSERT_TRUE(store_->replace_zone(zone_of(orders, 2), next).has_value());
  EXPECT_LE(PageBuffer::use().most - before, steady + steady / 20);
  EXPECT_EQ(list_in(*store_, names, 2), 2);

  PageBuffer::forget_most();
  ASSERT_TRUE(store_->save().has_value());
  EXPECT_LE(PageBuffer::use().most - before, steady + steady / 20);
}

// The disk is full at any point of the swap and of the snapshot behind it.
TEST_F(RuleStoreTest, ASwapOnAFullDiskLeavesOneOfTheTwoSnapshots) {
  constexpr std::size_t names = 26'000;
  ASSERT_TRUE(store_->replace_zone(zone_of(orders, 1), list(1, names)).has_value());
  ASSERT_TRUE(store_->save().has_value());
  const auto whole = std::filesystem::file_size(folder_ / "rules.snapshot");
  std::array<int, 4> seen{};
  int number = 1;
  for (std::uint64_t part = 0; part <= 6; ++part) {
    const int next = number == 1 ? 2 : 1;
    {
      const FullDisk full{whole * part / 5};
      ASSERT_TRUE(store_
                      ->replace_zone(zone_of(orders, static_cast<std::uint32_t>(part) + 2),
                                     list(next, names))
                      .has_value());
      EXPECT_EQ(list_in(*store_, names, 2), next);  // in force whatever the disk says
      (void)store_->save();
    }
    store_.reset();
    store_ = open();
    const int found = list_in(*store_, names, 2);
    ASSERT_TRUE(found == number || found == next) << part;
    ++seen.at(found == next ? 1 : 0);
    number = found;
  }
  EXPECT_GT(seen[0], 0);
  EXPECT_GT(seen[1], 0);
}

// The child swaps without end; the parent kills it further on in a save each time, and the rest is
// left to chance.
TEST_F(RuleStoreTest, AKillDuringASwapLeavesOneOfTheTwoSnapshots) {
  constexpr std::size_t names = 26'000;
  ASSERT_TRUE(store_->replace_zone(zone_of(orders, 1), list(1, names)).has_value());
  ASSERT_TRUE(store_->save().has_value());
  for (int round = 0; round < 8; ++round) {
    std::array<int, 2> started{};
    ASSERT_EQ(::pipe(started.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto tell = [&](char what) {
        if (::write(started[1], &what, 1) != 1) ::_exit(1);
      };
      for (std::uint32_t serial = 2;; ++serial) {
        if (!store_->replace_zone(zone_of(orders, serial),
                                  list(1 + static_cast<int>(serial % 2), names))) {
          ::_exit(1);
        }
        if (!store_->save_unless([&] { return tell('.'), false; })) ::_exit(1);
        tell('x');
      }
    }
    char told = '.';
    while (told != 'x') ASSERT_EQ(::read(started[0], &told, 1), 1);  // the first swap is done
    for (int step = 0; step < round * 11; ++step) ASSERT_EQ(::read(started[0], &told, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    ::close(started[0]);
    ::close(started[1]);
    store_.reset();
    store_ = open();
    const int found = list_in(*store_, names, 2);
    ASSERT_TRUE(found == 1 || found == 2) << round;
    ASSERT_NE(store_->zone(zone_of(orders, 1).name), nullptr);
    EXPECT_EQ(1 + store_->zone(zone_of(orders, 1).name)->serial % 2,
              static_cast<std::uint32_t>(found));
  }
}

}  // namespace
}  // namespace khien::resolver
