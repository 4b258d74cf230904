// A compiled, immutable rule set: one name table and the list of zones that it was made of. It owns
// its table, or reads it in place from the octets of a snapshot file (docs/formats/snapshot.md).
// Immutable after construction: any thread may read it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/hash.h"
#include "policy/name_table.h"

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
  /// Takes over `table`.
  [[nodiscard]] static std::shared_ptr<const RuleSet> from_table(NameTable table,
                                                                 std::vector<ZoneState> zones,
                                                                 InstantMs built_at_ms);

  /// Reads `image`, a whole snapshot file, in place. `owner` keeps the octets alive (a mapping, a
  /// buffer) for as long as the set lives; they must be aligned to 8 and never change. corrupt if
  /// the file is cut, damaged, of another version or not ours. Costs one pass over the file.
  [[nodiscard]] static Result<std::shared_ptr<const RuleSet>> open(
      Bytes image, std::shared_ptr<const void> owner);

  [[nodiscard]] const TableView& table() const noexcept { return table_; }
  [[nodiscard]] const HashKey& key() const noexcept { return key_; }
  [[nodiscard]] const std::vector<ZoneState>& zones() const noexcept { return zones_; }
  [[nodiscard]] std::size_t name_count() const noexcept { return name_count_; }
  /// The checksum of the snapshot file that it was read from; zeros if it was made in memory.
  [[nodiscard]] const crypto::Sha256Digest& digest() const noexcept { return digest_; }
  [[nodiscard]] InstantMs built_at_ms() const noexcept { return built_at_ms_; }
  [[nodiscard]] std::size_t memory_size() const noexcept { return table_.memory_size(); }

 private:
  RuleSet() = default;
  HashKey key_;
  TableView table_;
  std::vector<ZoneState> zones_;
  std::size_t name_count_ = 0;
  InstantMs built_at_ms_ = 0;
  crypto::Sha256Digest digest_{};
  std::unique_ptr<NameTable> owned_;
  std::shared_ptr<const void> owner_;  // of a mapped image
};

/// A rule set as the pieces of a snapshot file, to be written one after the other. Borrows the set.
class SnapshotPieces {
 public:
  /// limit_exceeded above zones_max zones.
  [[nodiscard]] static Result<SnapshotPieces> of(const RuleSet& rules);
  static constexpr std::size_t piece_count = 5;
  [[nodiscard]] std::array<Bytes, piece_count> pieces() const noexcept;

 private:
  SnapshotPieces() = default;
  Octets header_;
  Octets zones_;
  Bytes classes_;
  Bytes slots_;
  Bytes arena_;
};

}  // namespace khien::policy
