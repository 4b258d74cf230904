// A compiled, immutable rule set: shards of names (rule_shard.h) and the list of zones that it was
// made of. Sets share the shards in which they do not differ; a shard lies in memory of its own, or
// in place in the octets of a snapshot file (docs/formats/snapshot.md). Any thread may read it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/hash.h"
#include "policy/rare_rules.h"
#include "policy/rule_shard.h"

namespace khien::policy {

/// A zone (or list) whose rules stand in the set, and how to go on with it after a restart.
struct ZoneState {
  std::string name;  ///< "orders-phishing.rpz.khien." or the path of a list
  Source source;
  std::uint32_t serial = 0;  ///< of its SOA; IXFR goes on from here
  std::uint32_t refresh_s = 0;
  std::uint32_t retry_s = 0;
  std::uint32_t expire_s = 0;
  std::uint64_t stamp = 0;        ///< of a list file: changes when the file does
  InstantMs confirmed_at_ms = 0;  ///< when the primary last said that this serial is current
  friend bool operator==(const ZoneState&, const ZoneState&) = default;
};

constexpr std::size_t zones_max = 256;  // more are refused, when read and when written
constexpr std::size_t zone_name_size_max = 4'096;

class RuleSet {
 public:
  using Shards = std::array<std::shared_ptr<const RuleShard>, shard_count>;  // null: no names
  /// Told of octets of an image that no lookup will read any more.
  using Release = void (*)(Bytes octets);

  [[nodiscard]] static std::shared_ptr<const RuleSet> of_shards(const HashKey& key, Shards shards,
                                                                std::vector<ZoneState> zones,
                                                                InstantMs built_at_ms);
  /// The names of `table`, which goes, by shards. Twice the memory on the way: for small tables.
  [[nodiscard]] static std::shared_ptr<const RuleSet> from_table(NameTable table,
                                                                 std::vector<ZoneState> zones,
                                                                 InstantMs built_at_ms,
                                                                 RareZones rare = {});

  /// Reads `image`, a whole snapshot file, in place. `owner` keeps the octets alive (a mapping, a
  /// buffer) for as long as one of its shards lives; they must be aligned to 8 and never change.
  /// corrupt if the file is cut, damaged, of another version or not ours. Costs one pass over it.
  [[nodiscard]] static Result<std::shared_ptr<const RuleSet>> open(
      Bytes image, const std::shared_ptr<const void>& owner, Release release = nullptr);

  /// This set with another shard in the place of one.
  [[nodiscard]] std::shared_ptr<const RuleSet> with_shard(
      std::size_t index, std::shared_ptr<const RuleShard> shard) const;
  /// The same rules with the sources in other slots, and without those that are gone: the operator
  /// has changed which third parties' zones there are. Shares the names, copies their classes.
  [[nodiscard]] std::shared_ptr<const RuleSet> with_sources(const SourceMap& map) const;
  /// This set as it stands in the snapshot file with that checksum.
  [[nodiscard]] std::shared_ptr<const RuleSet> saved_as(const crypto::Sha256Digest& digest) const;

  /// Where the rules for `name`, of at least rule_labels_min labels, lie.
  [[nodiscard]] const TableView& table(const NameKey& name) const noexcept {
    return table(shard_of(name));
  }
  [[nodiscard]] const TableView& table(std::size_t shard) const noexcept {
    return tables_.data()[shard];  // below shard_count
  }
  [[nodiscard]] const Shards& shards() const noexcept { return shards_; }
  [[nodiscard]] const HashKey& key() const noexcept { return key_; }
  /// As of its building; those of now stand in Rules.
  [[nodiscard]] const std::vector<ZoneState>& zones() const noexcept { return zones_; }
  /// What third parties' zones held beside names, as of its building.
  [[nodiscard]] const RareZones& rare() const noexcept { return rare_; }
  [[nodiscard]] std::size_t name_count() const noexcept { return name_count_; }
  /// The checksum of the snapshot file that holds this set; zeros if none does.
  [[nodiscard]] const crypto::Sha256Digest& digest() const noexcept { return digest_; }
  [[nodiscard]] InstantMs built_at_ms() const noexcept { return built_at_ms_; }
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  RuleSet() = default;
  void put(std::size_t index, std::shared_ptr<const RuleShard> shard) noexcept;

  HashKey key_;
  std::array<TableView, shard_count> tables_;  // of shards_, one step nearer for a lookup
  Shards shards_;
  std::vector<ZoneState> zones_;
  RareZones rare_;
  std::size_t name_count_ = 0;
  InstantMs built_at_ms_ = 0;
  crypto::Sha256Digest digest_{};
};

/// A rule set and its zones as the pieces of a snapshot file, to be written one after the other.
/// Borrows the set: nothing large is copied.
class SnapshotPieces {
 public:
  /// The file's checksum is of everything from hashed_from on, and is written at digest_at once all
  /// of it is known: in the pieces it is zero.
  static constexpr std::size_t digest_at = 16;
  static constexpr std::size_t hashed_from = digest_at + sizeof(crypto::Sha256Digest);

  /// limit_exceeded above zones_max zones.
  [[nodiscard]] static Result<SnapshotPieces> of(const RuleSet& rules,
                                                 const std::vector<ZoneState>& zones,
                                                 const RareZones& rare = {});
  /// The first holds at least the header.
  [[nodiscard]] std::vector<Bytes> pieces() const;

 private:
  SnapshotPieces() = default;
  Octets head_;  // header, directory, zones and third parties' rules
  std::vector<Bytes> tables_;
};

}  // namespace khien::policy
