// What one third party's zone says beyond plain blocks of names: the triggers on addresses and name
// servers, and the actions PASSTHRU, DROP, TCP-only and local data. One sorted, immutable list of
// triggers with their records; it can be written out and read back record by record, which is how
// snapshot and journal keep it (docs/formats/snapshot.md).
//
// A RareZoneEditor changes a copy; both belong to whoever builds rules, off the query path. Lookups
// neither lock nor allocate.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dns/rpz.h"

namespace khien::policy {

constexpr std::size_t rare_rules_max = 65'535;  // triggers a zone: 16 bits in a verdict
constexpr std::size_t rare_records_max = 64;    // of one trigger
constexpr std::size_t rare_rdata_size_max = 4'096;
constexpr std::size_t rare_octets_max = std::size_t{32} << 20;  // of all records of a zone

enum class Action : std::uint8_t {
  none,
  passthru,
  nxdomain,
  nodata,
  drop,
  tcp_only,
  local_data,  ///< records in place of the answer, among them CNAME to another name
};

/// One record of a zone. Borrows key and RDATA.
struct RareRecord {
  dns::RpzTriggerKind kind = dns::RpzTriggerKind::qname;
  bool below = false;  ///< `*.name`, of qname and nsdname
  Bytes key = {};      ///< folded wire name; of the other kinds the octets of prefix_key()
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Bytes rdata = {};  ///< uncompressed
};

/// 18 octets that order by family, length and address.
using PrefixKey = std::array<std::uint8_t, 18>;
[[nodiscard]] PrefixKey prefix_key(const dns::RpzPrefix& prefix) noexcept;

/// Behind `out`: kind and flag, size of the key, key, type, TTL, size of the RDATA, RDATA.
void append_record(Octets& out, const RareRecord& record);
/// The record at the start of `octets`, which is shortened by it. nullopt if it is cut or is none
/// that a zone may have: a name of one label, an address that is none, an action we do not know.
[[nodiscard]] std::optional<RareRecord> take_record(Bytes& octets);

class RareZone {
 public:
  struct Rule {
    dns::RpzTriggerKind kind;
    bool below;
    Action action;
    std::uint8_t key_size;
    std::uint8_t record_count;
    std::uint32_t key_at;
    std::uint32_t first_record;
  };
  struct Record {
    std::uint16_t type;
    std::uint16_t rdata_size;
    std::uint32_t ttl;
    std::uint32_t rdata_at;
  };

  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }
  [[nodiscard]] const Rule& rule(std::size_t index) const noexcept { return rules_[index]; }
  [[nodiscard]] bool has(dns::RpzTriggerKind kind) const noexcept {
    return (kinds_ & (1U << static_cast<unsigned>(kind))) != 0;
  }
  /// The rule for `name` (folded) or, with `below`, for all that lies below it.
  [[nodiscard]] std::optional<std::uint16_t> find(dns::RpzTriggerKind kind, bool below,
                                                  Bytes name) const noexcept;
  /// The rule with the longest prefix that holds `address` (4 or 16 octets).
  [[nodiscard]] std::optional<std::uint16_t> find_address(dns::RpzTriggerKind kind,
                                                          Bytes address) const noexcept;
  /// Of an address rule.
  [[nodiscard]] std::uint8_t prefix_length(std::uint16_t rule) const noexcept {
    return key_of(rules_[rule])[1];
  }
  [[nodiscard]] std::span<const Record> records(const Rule& rule) const noexcept {
    return std::span{records_}.subspan(rule.first_record, rule.record_count);
  }
  [[nodiscard]] Bytes key_of(const Rule& rule) const noexcept {
    return Bytes{octets_}.subspan(rule.key_at, rule.key_size);
  }
  [[nodiscard]] Bytes rdata_of(const Record& record) const noexcept {
    return Bytes{octets_}.subspan(record.rdata_at, record.rdata_size);
  }
  /// In the order of the triggers.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Rule& rule : rules_) {
      for (const Record& record : records(rule)) {
        visit(RareRecord{.kind = rule.kind,
                         .below = rule.below,
                         .key = key_of(rule),
                         .type = record.type,
                         .ttl = record.ttl,
                         .rdata = rdata_of(record)});
      }
    }
  }
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  friend class RareZoneEditor;
  [[nodiscard]] std::optional<std::uint16_t> locate(dns::RpzTriggerKind kind, bool below,
                                                    Bytes key) const noexcept;

  std::vector<Rule> rules_;  // sorted by kind, below, key
  std::vector<Record> records_;
  Octets octets_;
  unsigned kinds_ = 0;
  // Which prefix lengths there are, by kind and family; longest first.
  static constexpr std::size_t kind_count = 5;
  std::array<std::array<std::vector<std::uint8_t>, 2>, kind_count> lengths_;
};

/// What came of one record.
enum class RareEdit : std::uint8_t {
  done,
  duplicate,    ///< it is there already
  missing,      ///< it is not there
  conflicting,  ///< the trigger has a CNAME, or the record is one and there are others
  over_limit,
};

class RareZoneEditor {
 public:
  /// Begins with what `zone` has; null is nothing.
  explicit RareZoneEditor(const RareZone* zone);

  /// `record` has passed take_record(), or would.
  [[nodiscard]] RareEdit add(const RareRecord& record);
  [[nodiscard]] RareEdit remove(const RareRecord& record);
  [[nodiscard]] bool has(const RareRecord& trigger) const;
  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] std::shared_ptr<const RareZone> build() const;

 private:
  struct Key {
    dns::RpzTriggerKind kind;
    bool below;
    Octets key;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Owned {
    std::uint16_t type;
    std::uint32_t ttl;
    Octets rdata;
  };
  [[nodiscard]] static Key key_of(const RareRecord& record);

  std::map<Key, std::vector<Owned>> rules_;
  std::size_t octets_ = 0;
};

/// What a record at a trigger makes the resolver do; none for what we do not do.
[[nodiscard]] Action action_of(const RareRecord& record);

}  // namespace khien::policy
