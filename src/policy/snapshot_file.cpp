// The snapshot file (docs/formats/snapshot.md): written in pieces, read in place.
#include <bit>
#include <cstring>
#include <utility>

#include "crypto/hash.h"
#include "policy/rule_set.h"

namespace khien::policy {
namespace {

static_assert(std::endian::native == std::endian::little,
              "slots and classes lie in the file as they lie in memory");

constexpr std::string_view magic = "KHIENRS1";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t digest_at = 16;
constexpr std::size_t hashed_from = digest_at + 32;
constexpr std::size_t header_size = 128;
constexpr std::size_t alignment = 8;

// What stands behind the digest, in this order; sizes are octets. The sections follow the header in
// the order zones, classes, slots, arena, each but the arena padded to `alignment`.
struct Layout {
  std::uint64_t file_size = 0;
  std::uint64_t key_a = 0;
  std::uint64_t key_b = 0;
  std::uint64_t built_at_ms = 0;
  std::uint64_t name_count = 0;
  std::uint64_t zones_size = 0;
  std::uint64_t classes_size = 0;
  std::uint64_t slots_size = 0;
  std::uint64_t arena_size = 0;
  std::uint64_t reserved = 0;
};
static_assert(sizeof(Layout) == header_size - hashed_from);

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
    if (zone.source.index >= source_count) return std::nullopt;
    zones.push_back(std::move(zone));
  }
  if (!reader.good || reader.rest.size() >= alignment) return std::nullopt;
  return zones;
}

// A checksum tells damage, not malice or a bug of ours: everything that a lookup relies on is
// checked as well, so that no content can make it read elsewhere or loop.
bool table_is_sound(std::span<const Slot> slots, Bytes arena, std::size_t class_count,
                    std::size_t name_count) noexcept {
  if (arena.size() < 1 + arena_pad_size || arena.size() > arena_size_max) {
    return slots.empty() && arena.empty() && name_count == 0;
  }
  for (const std::uint8_t octet : arena.last(arena_pad_size)) {
    if (octet != 0) return false;
  }
  const std::size_t offset_max = arena.size() - arena_pad_size;
  std::size_t used = 0;
  for (const Slot& slot : slots) {
    if (slot.offset == 0) continue;
    if (slot.offset >= offset_max || slot.rule_class >= class_count) return false;
    ++used;
  }
  return used == name_count && used < slots.size();
}

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::corrupt, "rule snapshot: " + std::string{why}, "bad_snapshot");
}

}  // namespace

Result<SnapshotPieces> SnapshotPieces::of(const RuleSet& rules) {
  if (rules.zones().size() > zones_max) {
    return fail(ErrorCode::limit_exceeded, "too many zones for one snapshot", "zones");
  }
  SnapshotPieces out;
  out.zones_ = write_zones(rules.zones());
  out.classes_ = octets_of(rules.table().classes());
  out.slots_ = octets_of(rules.table().slots());
  out.arena_ = rules.table().arena();
  const Layout layout{.file_size = header_size + out.zones_.size() + out.classes_.size() +
                                   out.slots_.size() + out.arena_.size(),
                      .key_a = rules.key().a,
                      .key_b = rules.key().b,
                      .built_at_ms = static_cast<std::uint64_t>(rules.built_at_ms()),
                      .name_count = rules.name_count(),
                      .zones_size = out.zones_.size(),
                      .classes_size = out.classes_.size(),
                      .slots_size = out.slots_.size(),
                      .arena_size = out.arena_.size()};
  out.header_ = to_octets(magic);
  append(out.header_, format_version);
  append(out.header_, static_cast<std::uint32_t>(header_size));
  out.header_.resize(hashed_from);
  append(out.header_, layout);
  crypto::Sha256 hash;
  hash.update(Bytes{out.header_}.subspan(hashed_from));
  for (const Bytes piece : {Bytes{out.zones_}, out.classes_, out.slots_, out.arena_}) {
    hash.update(piece);
  }
  const auto digest = hash.finish();
  std::memcpy(out.header_.data() + digest_at, digest.data(), digest.size());
  return out;
}

std::array<Bytes, SnapshotPieces::piece_count> SnapshotPieces::pieces() const noexcept {
  return {Bytes{header_}, Bytes{zones_}, classes_, slots_, arena_};
}

Result<std::shared_ptr<const RuleSet>> RuleSet::open(Bytes image,
                                                     std::shared_ptr<const void> owner) {
  if (image.size() < header_size) return refuse("shorter than its header");
  if (as_text(image.first(magic.size())) != magic) return refuse("not a rule snapshot");
  std::uint32_t version = 0;
  std::memcpy(&version, image.data() + 8, sizeof version);
  if (version != format_version) return refuse("of another version");
  Layout layout;
  std::memcpy(&layout, image.data() + hashed_from, sizeof layout);
  if (layout.file_size != image.size()) return refuse("its size is not what it says");
  const auto digest = crypto::sha256(image.subspan(hashed_from));
  if (std::memcmp(digest.data(), image.data() + digest_at, digest.size()) != 0) {
    return refuse("its checksum does not match");
  }

  Bytes rest = image.subspan(header_size);
  const auto take = [&rest](std::uint64_t size) -> std::optional<Bytes> {
    if (size > rest.size()) return std::nullopt;
    const Bytes section = rest.first(size);
    rest = rest.subspan(size);
    return section;
  };
  const auto zones = take(layout.zones_size);
  const auto classes = take(layout.classes_size);
  const auto slots = take(layout.slots_size);
  const auto arena = take(layout.arena_size);
  if (!zones || !classes || !slots || !arena || !rest.empty()) return refuse("bad section sizes");
  if (layout.zones_size % alignment != 0 || layout.classes_size % sizeof(RuleClass) != 0 ||
      layout.slots_size % sizeof(Slot) != 0 ||
      reinterpret_cast<std::uintptr_t>(image.data()) % alignment != 0) {
    return refuse("bad alignment");
  }
  auto zone_states = read_zones(*zones);
  if (!zone_states) return refuse("bad zone list");

  // Used in place: the file is mapped, so that a start costs no copy and the pages are shared.
  const std::span<const Slot> slot_items{reinterpret_cast<const Slot*>(slots->data()),
                                         slots->size() / sizeof(Slot)};
  const std::span<const RuleClass> class_items{reinterpret_cast<const RuleClass*>(classes->data()),
                                               classes->size() / sizeof(RuleClass)};
  if (class_items.size() > rule_classes_max ||
      !table_is_sound(slot_items, *arena, class_items.size(), layout.name_count)) {
    return refuse("bad table");
  }
  std::shared_ptr<RuleSet> rules{new RuleSet};  // NOLINT: the constructor is private
  rules->key_ = {.a = layout.key_a, .b = layout.key_b};
  rules->table_ = TableView{slot_items, *arena, class_items};
  rules->zones_ = std::move(*zone_states);
  rules->name_count_ = layout.name_count;
  rules->built_at_ms_ = static_cast<InstantMs>(layout.built_at_ms);
  rules->digest_ = digest;
  rules->owner_ = std::move(owner);
  return std::shared_ptr<const RuleSet>{std::move(rules)};
}

}  // namespace khien::policy
