// The snapshot file (docs/formats/snapshot.md): written in pieces, read in place.
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "crypto/hash.h"
#include "policy/rule_set.h"

namespace khien::policy {
namespace {

static_assert(std::endian::native == std::endian::little,
              "slots and classes lie in the file as they lie in memory");

constexpr std::string_view magic = "KHIENRS1";
constexpr std::uint32_t format_version = 3;
constexpr std::size_t digest_at = SnapshotPieces::digest_at;
constexpr std::size_t hashed_from = SnapshotPieces::hashed_from;
constexpr std::size_t header_size = 128;
constexpr std::size_t alignment = 8;

// What stands behind the digest; sizes are octets. The directory follows the header, then come the
// zones, what third parties' zones hold beside names and, for each shard, its classes, slots and
// arena; zones and arenas are padded.
struct Layout {
  std::uint64_t file_size = 0;
  std::uint64_t key_a = 0;
  std::uint64_t key_b = 0;
  std::uint64_t built_at_ms = 0;
  std::uint64_t name_count = 0;
  std::uint64_t zones_size = 0;
  std::uint64_t shard_count = 0;
  std::uint64_t rare_size = 0;
  std::array<std::uint64_t, 2> reserved{};
};
static_assert(sizeof(Layout) == header_size - hashed_from);

struct ShardEntry {
  std::uint64_t name_count = 0;
  std::uint64_t classes_size = 0;
  std::uint64_t slots_size = 0;
  std::uint64_t arena_size = 0;
};
using Directory = std::array<ShardEntry, shard_count>;

constexpr std::array<std::uint8_t, alignment> padding{};

constexpr std::size_t padding_of(std::size_t size) noexcept {
  return (alignment - size % alignment) % alignment;
}

template <typename Number>
void append(Octets& out, Number value) {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(&value);
  out.insert(out.end(), octets, octets + sizeof value);
}

template <typename T>
Bytes octets_of(std::span<const T> items) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(items.data()), items.size_bytes()};
}

// Reads numbers and texts of the zone section; `good` turns false at the first that is cut.
struct ZoneReader {
  Bytes rest;
  bool good = true;

  template <typename Number>
  Number number() noexcept {
    Number value{};
    if (sizeof value > rest.size()) {
      good = false;
      return value;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest = rest.subspan(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint16_t>();
    if (size > rest.size() || size > zone_name_size_max) {
      good = false;
      return {};
    }
    std::string value = to_text(rest.first(size));
    rest = rest.subspan(size);
    return value;
  }
};

Octets write_zones(const std::vector<ZoneState>& zones) {
  Octets out;
  append(out, static_cast<std::uint32_t>(zones.size()));
  for (const ZoneState& zone : zones) {
    append(out, static_cast<std::uint16_t>(zone.name.size()));
    out.insert(out.end(), zone.name.begin(), zone.name.end());
    append(out, zone.source.index);
    append(out, zone.serial);
    append(out, zone.refresh_s);
    append(out, zone.retry_s);
    append(out, zone.expire_s);
    append(out, zone.stamp);
    append(out, zone.confirmed_at_ms);
  }
  while (out.size() % alignment != 0) out.push_back(0);
  return out;
}

std::optional<std::vector<ZoneState>> read_zones(Bytes section) {
  ZoneReader reader{.rest = section};
  const auto count = reader.number<std::uint32_t>();
  if (count > zones_max) return std::nullopt;
  std::vector<ZoneState> zones;
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    ZoneState zone;
    zone.name = reader.text();
    zone.source.index = reader.number<std::uint8_t>();
    zone.serial = reader.number<std::uint32_t>();
    zone.refresh_s = reader.number<std::uint32_t>();
    zone.retry_s = reader.number<std::uint32_t>();
    zone.expire_s = reader.number<std::uint32_t>();
    zone.stamp = reader.number<std::uint64_t>();
    zone.confirmed_at_ms = reader.number<InstantMs>();
    if (zone.source.index >= source_max) return std::nullopt;
    zones.push_back(std::move(zone));
  }
  if (!reader.good || reader.rest.size() >= alignment) return std::nullopt;
  return zones;
}

// A checksum tells damage, not malice or a bug of ours: everything that a lookup relies on is
// checked as well, so that no content can make it read elsewhere or loop.
bool table_is_sound(const TableView& table, std::size_t name_count) noexcept {
  const Bytes arena = table.arena();
  if (table.classes().size() > rule_classes_max) return false;
  if (arena.size() < 1 + arena_pad_size || arena.size() > arena_size_max) {
    return table.slots().empty() && arena.empty() && name_count == 0;
  }
  for (const std::uint8_t octet : arena.last(arena_pad_size)) {
    if (octet != 0) return false;
  }
  const std::size_t offset_max = arena.size() - arena_pad_size;
  std::size_t used = 0;
  for (const Slot& slot : table.slots()) {
    if (slot.offset == 0) continue;
    if (slot.offset >= offset_max || slot.rule_class >= table.classes().size()) return false;
    ++used;
  }
  return used == name_count && used != 0 && used < table.slots().size();
}

// Takes sections from the front of the file; `good` turns false at the first that is not there.
struct Sections {
  Bytes rest;
  bool good = true;

  Bytes take(std::uint64_t size) noexcept {
    good = good && size <= rest.size();
    if (!good) return {};
    const Bytes section = rest.first(size);
    rest = rest.subspan(size);
    return section;
  }
};

// nullopt if it is not there or not sound. It is aligned as the file is.
std::optional<TableView> read_shard(Sections& sections, const ShardEntry& entry) {
  if (entry.classes_size % sizeof(RuleClass) != 0 || entry.slots_size % sizeof(Slot) != 0) {
    return std::nullopt;
  }
  const Bytes classes = sections.take(entry.classes_size);
  const Bytes slots = sections.take(entry.slots_size);
  const Bytes arena = sections.take(entry.arena_size);
  (void)sections.take(padding_of(arena.size()));
  if (!sections.good) return std::nullopt;
  const TableView table{
      {reinterpret_cast<const Slot*>(slots.data()), slots.size() / sizeof(Slot)},
      arena,
      {reinterpret_cast<const RuleClass*>(classes.data()), classes.size() / sizeof(RuleClass)}};
  if (!table_is_sound(table, entry.name_count)) return std::nullopt;
  return table;
}

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::corrupt, "rule snapshot: " + std::string{why}, "bad_snapshot");
}

}  // namespace

Result<SnapshotPieces> SnapshotPieces::of(const RuleSet& rules, const std::vector<ZoneState>& zones,
                                          const RareZones& rare) {
  if (zones.size() > zones_max) {
    return fail(ErrorCode::limit_exceeded, "too many zones for one snapshot", "zones");
  }
  SnapshotPieces out;
  const Octets zone_section = write_zones(zones);
  const Octets rare_section = write_rare_zones(rare);
  Layout layout{.key_a = rules.key().a,
                .key_b = rules.key().b,
                .built_at_ms = static_cast<std::uint64_t>(rules.built_at_ms()),
                .name_count = rules.name_count(),
                .zones_size = zone_section.size(),
                .shard_count = shard_count,
                .rare_size = rare_section.size()};
  layout.file_size = header_size + sizeof(Directory) + zone_section.size() + rare_section.size();
  Directory directory;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const auto& shard = rules.shards()[i];
    if (shard == nullptr) continue;
    const TableView& table = shard->table();
    const std::array<Bytes, 3> parts{octets_of(table.classes()), octets_of(table.slots()),
                                     table.arena()};
    directory[i] = {.name_count = shard->name_count(),
                    .classes_size = parts[0].size(),
                    .slots_size = parts[1].size(),
                    .arena_size = parts[2].size()};
    out.tables_.insert(out.tables_.end(), parts.begin(), parts.end());
    out.tables_.push_back(Bytes{padding}.first(padding_of(table.arena().size())));
    layout.file_size += table.memory_size() + padding_of(table.arena().size());
  }
  out.head_ = to_octets(magic);
  append(out.head_, format_version);
  append(out.head_, static_cast<std::uint32_t>(header_size));
  out.head_.resize(hashed_from);
  append(out.head_, layout);
  append(out.head_, directory);
  out.head_.insert(out.head_.end(), zone_section.begin(), zone_section.end());
  out.head_.insert(out.head_.end(), rare_section.begin(), rare_section.end());
  return out;
}

std::vector<Bytes> SnapshotPieces::pieces() const {
  std::vector<Bytes> all{head_};
  all.insert(all.end(), tables_.begin(), tables_.end());
  return all;
}

Result<std::shared_ptr<const RuleSet>> RuleSet::open(Bytes image,
                                                     const std::shared_ptr<const void>& owner,
                                                     Release release) {
  if (image.size() < header_size) return refuse("shorter than its header");
  if (as_text(image.first(magic.size())) != magic) return refuse("not a rule snapshot");
  std::uint32_t version = 0;
  std::memcpy(&version, image.data() + 8, sizeof version);
  if (version != format_version) {
    return refuse("of version " + std::to_string(version) + ", not " +
                  std::to_string(format_version));
  }
  Layout layout;
  std::memcpy(&layout, image.data() + hashed_from, sizeof layout);
  if (layout.file_size != image.size()) return refuse("its size is not what it says");
  const auto digest = crypto::sha256(image.subspan(hashed_from));
  if (std::memcmp(digest.data(), image.data() + digest_at, digest.size()) != 0) {
    return refuse("its checksum does not match");
  }
  if (reinterpret_cast<std::uintptr_t>(image.data()) % alignment != 0) {
    return refuse("bad alignment");
  }

  Sections sections{.rest = image.subspan(header_size)};
  Directory directory;
  const Bytes directory_octets = sections.take(sizeof directory);
  if (!sections.good || layout.shard_count != shard_count) return refuse("bad directory");
  std::memcpy(&directory, directory_octets.data(), sizeof directory);
  if (layout.zones_size % alignment != 0 || layout.rare_size % alignment != 0) {
    return refuse("bad alignment");
  }
  auto zones = read_zones(sections.take(layout.zones_size));
  if (!sections.good || !zones) return refuse("bad zone list");
  auto rare = read_rare_zones(sections.take(layout.rare_size));
  if (!sections.good || !rare) return refuse("bad rules of third parties");

  // Used in place: the file is mapped, so that a start costs no copy and the pages are shared.
  const HashKey key{.a = layout.key_a, .b = layout.key_b};
  Shards shards;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const Bytes begin = sections.rest;
    const auto table = read_shard(sections, directory[i]);
    if (!table) return refuse("bad table");
    if (directory[i].name_count == 0) continue;
    const Bytes octets = begin.first(begin.size() - sections.rest.size());
    const std::shared_ptr<const void> part{octets.data(), [owner, octets, release](const void*) {
                                             if (release != nullptr) release(octets);
                                           }};
    shards[i] = std::make_shared<const RuleShard>(*table, directory[i].name_count, part);
  }
  if (!sections.rest.empty()) return refuse("bad section sizes");
  const auto read = of_shards(key, std::move(shards), std::move(*zones),
                              static_cast<InstantMs>(layout.built_at_ms));
  if (read->name_count() != layout.name_count) return refuse("another number of names");
  std::shared_ptr<RuleSet> rules{new RuleSet{*read}};  // NOLINT: the constructor is private
  rules->rare_ = std::move(*rare);
  rules->digest_ = digest;
  return std::shared_ptr<const RuleSet>{std::move(rules)};
}

}  // namespace khien::policy
