#include "policy/rare_zone.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "dns/rdata.h"

namespace khien::policy {
namespace {

using dns::RpzTriggerKind;

constexpr std::uint8_t flag_below = 0x80;
constexpr std::uint8_t kind_mask = 0x7F;
constexpr std::size_t record_head_size = 2;             // kind and flag, size of the key
constexpr std::size_t record_numbers_size = 2 + 4 + 2;  // type, TTL, size of the RDATA
constexpr std::size_t v4_size = 4;
constexpr std::size_t v6_size = 16;
constexpr std::uint8_t family_v4 = 4;
constexpr std::uint8_t family_v6 = 6;
constexpr std::size_t rule_labels = 2;  // no trigger on the root or a top-level domain

bool is_name_kind(RpzTriggerKind kind) noexcept {
  return kind == RpzTriggerKind::qname || kind == RpzTriggerKind::nsdname;
}

std::size_t family_index(std::uint8_t family) noexcept { return family == family_v6 ? 1 : 0; }

/// The first `length` bits of `address`, the rest zero.
PrefixKey masked_key(Bytes address, std::uint8_t length) noexcept {
  PrefixKey key{address.size() == v6_size ? family_v6 : family_v4, length};
  const std::size_t whole = length / 8U;
  std::memcpy(key.data() + 2, address.data(), whole);
  if (length % 8U != 0) {
    key[2 + whole] = static_cast<std::uint8_t>(address[whole] & (0xFF00U >> (length % 8U)));
  }
  return key;
}

std::strong_ordering compare(Bytes a, Bytes b) noexcept {
  const std::size_t size = std::min(a.size(), b.size());
  const int order = size == 0 ? 0 : std::memcmp(a.data(), b.data(), size);
  if (order != 0) return order <=> 0;
  return a.size() <=> b.size();
}

bool key_is_sound(const RareRecord& record) {
  if (is_name_kind(record.kind)) {
    const auto name = dns::NameView::parse(record.key);
    return name && name->label_count() >= rule_labels &&
           std::ranges::none_of(record.key, [](auto octet) { return octet != dns::fold(octet); });
  }
  if (record.below || record.key.size() != std::tuple_size_v<PrefixKey>) return false;
  const std::uint8_t family = record.key[0];
  const std::size_t size = family == family_v6 ? v6_size : v4_size;
  if ((family != family_v4 && family != family_v6) || record.key[1] > size * 8) return false;
  const PrefixKey wanted = masked_key(record.key.subspan(2, size), record.key[1]);
  return std::ranges::equal(record.key, wanted);
}

std::size_t octets_of(const RareRecord& record) noexcept {
  return record.key.size() + record.rdata.size();
}

}  // namespace

PrefixKey prefix_key(const dns::RpzPrefix& prefix) noexcept {
  return masked_key(Bytes{prefix.base}.first(prefix.size()), prefix.length);
}

Action action_of(const RareRecord& record) {
  dns::RpzTrigger trigger{.kind = record.kind, .name = {}, .wildcard = record.below};
  if (is_name_kind(record.kind)) {
    const auto name = dns::NameView::parse(record.key);
    if (!name) return Action::none;
    trigger.name = dns::Name{*name};
  }
  const auto action = dns::rpz_action(trigger, record.type, record.rdata);
  if (!action) return Action::none;
  switch (*action) {
    case dns::RpzAction::nxdomain: return Action::nxdomain;
    case dns::RpzAction::nodata: return Action::nodata;
    case dns::RpzAction::passthru: return Action::passthru;
    case dns::RpzAction::drop: return Action::drop;
    case dns::RpzAction::tcp_only: return Action::tcp_only;
    case dns::RpzAction::redirect:
    case dns::RpzAction::local_data: return Action::local_data;
    case dns::RpzAction::unsupported: break;
  }
  return Action::none;
}

void append_record(Octets& out, const RareRecord& record) {
  out.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(record.kind) |
                                          (record.below ? flag_below : 0)));
  out.push_back(static_cast<std::uint8_t>(record.key.size()));
  out.insert(out.end(), record.key.begin(), record.key.end());
  dns::append_u16(out, record.type);
  dns::append_u16(out, static_cast<std::uint16_t>(record.ttl >> 16));
  dns::append_u16(out, static_cast<std::uint16_t>(record.ttl & 0xFFFF));
  dns::append_u16(out, static_cast<std::uint16_t>(record.rdata.size()));
  out.insert(out.end(), record.rdata.begin(), record.rdata.end());
}

std::optional<RareRecord> take_record(Bytes& octets) {
  if (octets.size() < record_head_size) return std::nullopt;
  const std::uint8_t kind = octets[0] & kind_mask;
  const std::size_t key_size = octets[1];
  if (kind > static_cast<std::uint8_t>(RpzTriggerKind::nsip)) return std::nullopt;
  if (octets.size() - record_head_size < key_size) return std::nullopt;
  RareRecord record{.kind = static_cast<RpzTriggerKind>(kind),
                    .below = (octets[0] & flag_below) != 0,
                    .key = octets.subspan(record_head_size, key_size)};
  Bytes rest = octets.subspan(record_head_size + key_size);
  if (rest.size() < record_numbers_size) return std::nullopt;
  record.type = dns::load_u16(rest, 0);
  record.ttl = dns::load_u32(rest, 2);
  const std::size_t rdata_size = dns::load_u16(rest, 6);
  rest = rest.subspan(record_numbers_size);
  if (rdata_size > rest.size() || rdata_size > rare_rdata_size_max) return std::nullopt;
  record.rdata = rest.first(rdata_size);
  if (!key_is_sound(record) || action_of(record) == Action::none) return std::nullopt;
  octets = rest.subspan(rdata_size);
  return record;
}

std::optional<std::uint16_t> RareZone::locate(RpzTriggerKind kind, bool below,
                                              Bytes key) const noexcept {
  const auto at =
      std::lower_bound(rules_.begin(), rules_.end(), key, [&](const Rule& rule, Bytes wanted) {
        const auto head = std::tie(rule.kind, rule.below) <=> std::tie(kind, below);
        return head != 0 ? head < 0 : compare(key_of(rule), wanted) < 0;
      });
  if (at == rules_.end() || at->kind != kind || at->below != below ||
      compare(key_of(*at), key) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(at - rules_.begin());
}

std::optional<std::uint16_t> RareZone::find(RpzTriggerKind kind, bool below,
                                            Bytes name) const noexcept {
  return has(kind) ? locate(kind, below, name) : std::nullopt;
}

std::optional<std::uint16_t> RareZone::find_address(RpzTriggerKind kind,
                                                    Bytes address) const noexcept {
  if (!has(kind)) return std::nullopt;
  const std::size_t family = address.size() == v6_size ? 1 : 0;
  for (const std::uint8_t length : lengths_[static_cast<std::size_t>(kind)][family]) {
    if (const auto found = locate(kind, false, masked_key(address, length))) return found;
  }
  return std::nullopt;
}

std::size_t RareZone::memory_size() const noexcept {
  return rules_.size() * sizeof(Rule) + records_.size() * sizeof(Record) + octets_.size();
}

RareZoneEditor::RareZoneEditor(const RareZone* zone) {
  if (zone == nullptr) return;
  zone->for_each([&](const RareRecord& record) { (void)add(record); });
}

RareZoneEditor::Key RareZoneEditor::key_of(const RareRecord& record) {
  return {.kind = record.kind, .below = record.below, .key = to_octets(record.key)};
}

RareEdit RareZoneEditor::add(const RareRecord& record) {
  const auto known = rules_.find(key_of(record));
  if (known != rules_.end()) {
    for (const Owned& owned : known->second) {
      if (owned.type == record.type && std::ranges::equal(owned.rdata, record.rdata)) {
        return RareEdit::duplicate;
      }
    }
    // A CNAME stands alone (RFC 1034 section 3.6.2).
    if (record.type == dns::type_cname || known->second.front().type == dns::type_cname) {
      return RareEdit::conflicting;
    }
  }
  const bool is_full = known == rules_.end() ? rules_.size() >= rare_rules_max
                                             : known->second.size() >= rare_records_max;
  if (is_full || rare_octets_max - octets_ < octets_of(record)) return RareEdit::over_limit;
  octets_ += octets_of(record);
  rules_[key_of(record)].push_back(
      {.type = record.type, .ttl = record.ttl, .rdata = to_octets(record.rdata)});
  return RareEdit::done;
}

RareEdit RareZoneEditor::remove(const RareRecord& record) {
  const auto known = rules_.find(key_of(record));
  if (known == rules_.end()) return RareEdit::missing;
  const auto at = std::ranges::find_if(known->second, [&](const Owned& owned) {
    return owned.type == record.type && std::ranges::equal(owned.rdata, record.rdata);
  });
  if (at == known->second.end()) return RareEdit::missing;
  octets_ -= octets_of(record);
  known->second.erase(at);
  if (known->second.empty()) rules_.erase(known);
  return RareEdit::done;
}

bool RareZoneEditor::has(const RareRecord& trigger) const {
  return rules_.contains(key_of(trigger));
}

bool RareZoneEditor::full() const noexcept {
  return rules_.size() >= rare_rules_max || octets_ >= rare_octets_max - rare_rdata_size_max;
}

std::shared_ptr<const RareZone> RareZoneEditor::build() const {
  auto zone = std::make_shared<RareZone>();
  zone->rules_.reserve(rules_.size());
  zone->octets_.reserve(octets_);
  const auto put = [&](Bytes octets) {
    const auto at = static_cast<std::uint32_t>(zone->octets_.size());
    zone->octets_.insert(zone->octets_.end(), octets.begin(), octets.end());
    return at;
  };
  for (const auto& [key, records] : rules_) {
    const Owned& first = records.front();
    const RareRecord record{.kind = key.kind,
                            .below = key.below,
                            .key = key.key,
                            .type = first.type,
                            .ttl = first.ttl,
                            .rdata = first.rdata};
    zone->rules_.push_back({.kind = key.kind,
                            .below = key.below,
                            .action = action_of(record),
                            .key_size = static_cast<std::uint8_t>(key.key.size()),
                            .record_count = static_cast<std::uint8_t>(records.size()),
                            .key_at = put(key.key),
                            .first_record = static_cast<std::uint32_t>(zone->records_.size())});
    for (const Owned& owned : records) {
      zone->records_.push_back({.type = owned.type,
                                .rdata_size = static_cast<std::uint16_t>(owned.rdata.size()),
                                .ttl = owned.ttl,
                                .rdata_at = put(owned.rdata)});
    }
    zone->kinds_ |= 1U << static_cast<unsigned>(key.kind);
    if (is_name_kind(key.kind)) continue;
    auto& lengths = zone->lengths_[static_cast<std::size_t>(key.kind)][family_index(key.key[0])];
    if (std::ranges::find(lengths, key.key[1]) == lengths.end()) lengths.push_back(key.key[1]);
  }
  for (auto& families : zone->lengths_) {
    for (auto& lengths : families) std::ranges::sort(lengths, std::greater{});
  }
  return zone;
}

}  // namespace khien::policy
