#include <cstring>

#include "crypto/hash.h"
#include "policy/test_names.h"
#include "policy/test_rare.h"

namespace khien::policy {
namespace {

// An image in memory aligned as a mapping is.
struct Image {
  std::shared_ptr<std::vector<std::uint64_t>> words;
  std::size_t size = 0;

  explicit Image(Bytes octets)
      : words(std::make_shared<std::vector<std::uint64_t>>(octets.size() / 8 + 1)),
        size(octets.size()) {
    if (!octets.empty()) std::memcpy(words->data(), octets.data(), octets.size());
  }
  [[nodiscard]] Bytes bytes() const {
    return {reinterpret_cast<const std::uint8_t*>(words->data()), size};
  }
  [[nodiscard]] auto open() const { return RuleSet::open(bytes(), words); }
};

std::shared_ptr<const RuleSet> sample() {
  SeededRng rng{7};
  NameTable table{HashKey::random(rng)};
  EXPECT_TRUE(
      add_list(table, "scam.example\nshop.test\n", source_named("orders-fraud")).has_value());
  EXPECT_TRUE(add_list(table, "shop.test\n", source_named("feeds-malware")).has_value());
  RareZones rare;
  rare[3] = rare_zone_of({rare_name("xau.example", "CNAME", "vuon.example."),
                          rare_address(dns::RpzTriggerKind::ip, "24.0.2.0.192", "rpz-drop.")});
  return RuleSet::from_table(std::move(table),
                             {{.name = "orders-fraud.rpz.khien.",
                               .source = source_named("orders-fraud"),
                               .serial = 17,
                               .refresh_s = 60,
                               .retry_s = 10,
                               .expire_s = 3600,
                               .stamp = 5,
                               .confirmed_at_ms = 1'767'225'600'000},
                              {.name = "rpz.example.", .source = ThirdParty::source_at(3)}},
                             1'767'225'600'001, std::move(rare));
}

void seal(Octets& file) {
  const auto digest = crypto::sha256(Bytes{file}.subspan(SnapshotPieces::hashed_from));
  std::copy(digest.begin(), digest.end(), file.begin() + SnapshotPieces::digest_at);
}

Octets file_of(const RuleSet& rules) {
  auto pieces = SnapshotPieces::of(rules, rules.zones(), rules.rare());
  EXPECT_TRUE(pieces.has_value());
  Octets out;
  for (const Bytes piece : pieces->pieces()) out.insert(out.end(), piece.begin(), piece.end());
  seal(out);
  return out;
}

TEST(SnapshotFile, IsReadInPlaceAsItWasWritten) {
  const auto written = sample();
  const Image image{file_of(*written)};
  const auto read = image.open();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ((*read)->name_count(), 2U);
  EXPECT_EQ((*read)->zones(), written->zones());
  EXPECT_EQ((*read)->built_at_ms(), written->built_at_ms());
  Rules rules;
  rules.base = *read;
  const auto verdict = rules.find(NameKey{wire_of("www.shop.test"), rules.key()}, {});
  EXPECT_EQ(verdict.source, source_named("orders-fraud"));
  const TableView& table = (*read)->table(NameKey{wire_of("shop.test"), rules.key()});
  EXPECT_GE(table.slots().data(), static_cast<const void*>(image.bytes().data()));
  EXPECT_LT(table.slots().data(), static_cast<const void*>(&*image.bytes().end()));
}

TEST(SnapshotFile, KeepsTheRulesOfThirdParties) {
  const auto read = Image{file_of(*sample())}.open();
  ASSERT_TRUE(read.has_value());
  const RareZone* zone = (*read)->rare()[3].get();
  ASSERT_NE(zone, nullptr);
  const auto name = zone->find(dns::RpzTriggerKind::qname, false, wire_of("xau.example"));
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(zone->rule(*name).action, Action::local_data);
  EXPECT_TRUE(zone->find_address(dns::RpzTriggerKind::ip, Octets{192, 0, 2, 1}).has_value());
}

// The operator declares other zones than when the file was written.
TEST(SnapshotFile, ThirdPartiesMoveToOtherSlotsOrGo) {
  SeededRng rng{7};
  NameTable table{HashKey::random(rng)};
  const NameKey key{wire_of("xau.example"), table.key()};
  const auto bit = [](std::size_t index) { return mask_of(ThirdParty::source_at(index)); };
  ASSERT_TRUE(table
                  .set(key, {.exact = bit(0) | bit(1) | mask_of(source_named("orders-fraud")),
                             .below = bit(1),
                             .nodata = bit(1),
                             .rare = bit(0)})
                  .has_value());
  RareZones rare;
  rare[0] = rare_zone_of({rare_name("xau.example", "CNAME", "rpz-drop.")});
  const auto rules =
      RuleSet::from_table(std::move(table),
                          {{.name = "a.example.", .source = ThirdParty::source_at(0), .serial = 5},
                           {.name = "b.example.", .source = ThirdParty::source_at(1)}},
                          0, std::move(rare));
  SourceMap map;
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<std::uint8_t>(i);
  EXPECT_TRUE(changes_nothing(map));
  map[source_count] = source_count + 2;
  map[source_count + 1] = source_gone;
  EXPECT_FALSE(changes_nothing(map));
  const auto moved_rules = rules->with_sources(map);
  const RuleClass* found = moved_rules->table(key).find(key.hash(0), key.name());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found,
            (RuleClass{.exact = bit(2) | mask_of(source_named("orders-fraud")), .rare = bit(2)}));
  ASSERT_EQ(moved_rules->zones().size(), 1U);
  EXPECT_EQ(moved_rules->zones()[0].source, ThirdParty::source_at(2));
  EXPECT_EQ(moved_rules->zones()[0].serial, 5U);
  EXPECT_EQ(moved_rules->rare()[2], rules->rare()[0]);
  EXPECT_EQ(moved_rules->rare()[0], nullptr);
}

TEST(SnapshotFile, OfNoRulesIsReadBack) {
  SeededRng rng{7};
  const auto none = Rules::none(rng);
  const auto read = Image{file_of(*none->base)}.open();
  ASSERT_TRUE(read.has_value());
  Rules rules;
  rules.base = *read;
  EXPECT_FALSE(rules.find(NameKey{wire_of("a.example"), rules.key()}, {}).blocks());
}

TEST(SnapshotFile, RefusesEveryTruncation) {
  const Octets file = file_of(*sample());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto read = Image{Bytes{file}.first(size)}.open();
    ASSERT_FALSE(read.has_value()) << size;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST(SnapshotFile, RefusesEveryDamagedOctet) {
  const Octets file = file_of(*sample());
  for (std::size_t at = 0; at < file.size(); ++at) {
    if (at >= 12 && at < 16) continue;  // the header's size, which this version does not read
    Octets damaged = file;
    damaged[at] ^= 0x40;
    ASSERT_FALSE(Image{damaged}.open().has_value()) << at;
  }
}

// With a right checksum: what a lookup relies on is checked apart from it.
TEST(SnapshotFile, RefusesAnUnsoundTable) {
  const auto rules = sample();
  const Octets file = file_of(*rules);
  // The last shard with names stands at the end, with padding behind its arena.
  std::size_t last = shard_count;
  while (rules->shards()[--last] == nullptr) {
  }
  const TableView& table = rules->table(last);
  const std::size_t padding = (8 - table.arena().size() % 8) % 8;
  const std::size_t arena_at = file.size() - padding - table.arena().size();
  const std::size_t slots_at = arena_at - table.slots().size_bytes();
  std::size_t used_at = slots_at;
  while (file[used_at] == 0) used_at += sizeof(Slot);

  Octets far_offset = file;
  far_offset[used_at + 3] = 0x7F;
  seal(far_offset);
  EXPECT_FALSE(Image{far_offset}.open().has_value());

  Octets unknown_class = file;
  unknown_class[used_at + 7] = 0x7F;
  seal(unknown_class);
  EXPECT_FALSE(Image{unknown_class}.open().has_value());

  Octets full = file;  // no free slot: a miss would never end
  for (std::size_t at = slots_at; at < arena_at; at += sizeof(Slot)) full[at] = 1;
  seal(full);
  EXPECT_FALSE(Image{full}.open().has_value());

  Octets no_padding = file;
  no_padding[file.size() - padding - 1] = 1;
  seal(no_padding);
  EXPECT_FALSE(Image{no_padding}.open().has_value());

  constexpr std::size_t directory_at = 128;
  constexpr std::size_t entry_size = 32;
  for (std::size_t field = 0; field < entry_size; field += 8) {
    Octets other_size = file;
    other_size[directory_at + last * entry_size + field] ^= 8;
    seal(other_size);
    EXPECT_FALSE(Image{other_size}.open().has_value()) << field;
  }
}

// A file of an older program: refused with its number, so that the log says what to expect.
TEST(SnapshotFile, RefusesAnotherVersionByName) {
  Octets file = file_of(*sample());
  file[8] = 1;
  const auto read = Image{file}.open();
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  EXPECT_NE(read.error().message.find("version 1"), std::string::npos) << read.error().message;
}

// The owner lives as long as any shard; each shard tells of its octets when its last reader is
// gone.
TEST(SnapshotFile, GivesItsPartsBackOneByOne) {
  static std::vector<Bytes> released;
  released.clear();
  const auto written = sample();
  const Image image{file_of(*written)};
  auto owner = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = owner;
  auto read = RuleSet::open(image.bytes(), std::exchange(owner, nullptr),
                            [](Bytes octets) { released.push_back(octets); });
  ASSERT_TRUE(read.has_value());
  std::shared_ptr<const RuleSet> rules = std::move(*read);
  std::size_t gone = 0;
  for (std::size_t i = 0; i < shard_count; ++i) {
    if (rules->shards()[i] == nullptr) continue;
    EXPECT_FALSE(alive.expired());
    rules = rules->with_shard(i, nullptr);
    EXPECT_EQ(released.size(), ++gone);
    EXPECT_EQ(released.back().size() % 8, 0U);
  }
  EXPECT_EQ(gone, 2U);
  EXPECT_EQ(rules->name_count(), 0U);
  EXPECT_TRUE(alive.expired());
}

TEST(SnapshotFile, RefusesMoreZonesThanTheLimit) {
  SeededRng rng{7};
  const auto rules = RuleSet::from_table(NameTable{HashKey::random(rng)},
                                         std::vector<ZoneState>(zones_max + 1), 0);
  EXPECT_FALSE(SnapshotPieces::of(*rules, rules->zones()).has_value());
}

}  // namespace
}  // namespace khien::policy
