// The rules of third parties in a snapshot file, and in other slots than they were.
#include <bit>
#include <cstring>

#include "policy/rare_rules.h"

namespace khien::policy {
namespace {

constexpr std::size_t alignment = 8;
constexpr std::size_t head_size = 16;  // slot, seven zeros, size of the records (64)

SourceMask moved_mask(SourceMask mask, const SourceMap& map) noexcept {
  SourceMask out = 0;
  for (; mask != 0; mask &= mask - 1) {
    const std::uint8_t to = map[static_cast<std::size_t>(std::countr_zero(mask))];
    if (to != source_gone) out |= SourceMask{1} << to;
  }
  return out;
}

std::shared_ptr<const RareZone> read_zone(Bytes records) {
  RareZoneEditor editor{nullptr};
  while (!records.empty()) {
    const auto record = take_record(records);
    if (!record || editor.add(*record) != RareEdit::done) return nullptr;
  }
  return editor.build();
}

}  // namespace

Octets write_rare_zones(const RareZones& zones) {
  Octets out;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (zones[i] == nullptr || zones[i]->empty()) continue;
    Octets records;
    zones[i]->for_each([&](const RareRecord& record) { append_record(records, record); });
    const std::uint64_t size = records.size();
    const std::size_t at = out.size();
    out.resize(at + head_size);
    out[at] = static_cast<std::uint8_t>(i);
    std::memcpy(out.data() + at + 8, &size, sizeof size);
    out.insert(out.end(), records.begin(), records.end());
    while (out.size() % alignment != 0) out.push_back(0);
  }
  return out;
}

std::optional<RareZones> read_rare_zones(Bytes section) {
  RareZones zones;
  while (!section.empty()) {
    if (section.size() < head_size) return std::nullopt;
    const std::size_t slot = section[0];
    std::uint64_t size = 0;
    std::memcpy(&size, section.data() + 8, sizeof size);
    section = section.subspan(head_size);
    if (slot >= zones.size() || zones[slot] != nullptr || size == 0 || size > section.size()) {
      return std::nullopt;
    }
    zones[slot] = read_zone(section.first(size));
    if (zones[slot] == nullptr) return std::nullopt;
    const std::uint64_t padded = (size + alignment - 1) / alignment * alignment;
    if (padded > section.size()) return std::nullopt;
    section = section.subspan(padded);
  }
  return zones;
}

bool changes_nothing(const SourceMap& map) noexcept {
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i] != i) return false;
  }
  return true;
}

RuleClass moved(const RuleClass& rule_class, const SourceMap& map) noexcept {
  return {.exact = moved_mask(rule_class.exact, map),
          .below = moved_mask(rule_class.below, map),
          .nodata = moved_mask(rule_class.nodata, map),
          .nodata_below = moved_mask(rule_class.nodata_below, map),
          .rare = moved_mask(rule_class.rare, map),
          .rare_below = moved_mask(rule_class.rare_below, map)};
}

RareZones moved(const RareZones& zones, const SourceMap& map) {
  RareZones out;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const std::uint8_t to = map[source_count + i];
    if (zones[i] == nullptr || to == source_gone || to < source_count) continue;
    out[to - source_count] = zones[i];
  }
  return out;
}

}  // namespace khien::policy
