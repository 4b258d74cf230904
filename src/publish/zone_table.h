// The names of one zone in memory: compact (about 45 octets a name), one change in constant time,
// and readable as it was at one instant while changes go on. No I/O and no lock: ZoneSet has both.
//
// A name is in the zone while anybody holds it: two orders, or an order and a feed. With scope
// `host` it shows the record `name`; as soon as one holder says `domain`, `*.name` too.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "dns/name.h"

namespace khien::publish {

enum class Scope : std::uint8_t { host, domain };

/// Index into the list of sources ("order:01J…", "feed:…") that ZoneSet keeps.
using SourceIndex = std::uint32_t;
constexpr SourceIndex source_count_max = 1U << 29;
/// What a rollback holds. Any removal of the name ends it: a lift never waits for a rollback.
constexpr SourceIndex rollback_source = 0;

struct Holder {
  SourceIndex source = 0;
  Scope scope = Scope::host;
  InstantMs until_ms = 0;  ///< must not be served from then on; 0 is no end

  friend bool operator==(const Holder&, const Holder&) = default;
};

/// Which records a name shows.
struct Shown {
  bool name = false;
  bool below = false;  ///< *.name
  friend bool operator==(const Shown&, const Shown&) = default;
};

struct TableChange {
  Shown before;
  Shown after;
  std::uint32_t name_at = 0;  ///< for name_at(); stays valid as long as the table
};

class ZoneTable {
 public:
  explicit ZoneTable(std::uint64_t hash_seed) noexcept : seed_(hash_seed) {}
  ZoneTable(const ZoneTable&) = delete;
  ZoneTable& operator=(const ZoneTable&) = delete;

  /// Adds the holder, or replaces what the same source held. `name` in lower case.
  TableChange add(dns::NameView name, const Holder& holder);
  /// Takes the source (and a rollback) off the name. Nothing happens if it does not hold it.
  TableChange remove(dns::NameView name, SourceIndex source);
  /// Takes every holder off the name.
  TableChange clear(dns::NameView name);

  [[nodiscard]] std::vector<Holder> holders(dns::NameView name) const;
  [[nodiscard]] Shown shown(dns::NameView name) const;
  [[nodiscard]] dns::NameView name_at(std::uint32_t at) const noexcept;

  /// The holders that end at or before `now_ms`, at most `count_max`, soonest first.
  struct Due {
    std::uint32_t name_at;
    SourceIndex source;
    InstantMs until_ms;
  };
  [[nodiscard]] std::vector<Due> due(InstantMs now_ms, std::size_t count_max) const;
  [[nodiscard]] std::optional<InstantMs> next_due_ms() const;

  [[nodiscard]] std::size_t name_count() const noexcept { return live_count_; }
  /// RPZ records, without SOA and NS.
  [[nodiscard]] std::size_t record_count() const noexcept { return record_count_; }
  [[nodiscard]] std::size_t memory_size() const noexcept;

  /// What a snapshot gives out. Borrowed until the table changes.
  struct Item {
    dns::NameView name;
    Shown shown;
    std::span<const Holder> holders;
  };

  /// The table as it was when this was made, read piece by piece while the table goes on changing.
  /// The table must outlive it. Only the state of names that change meanwhile is copied.
  class Snapshot {
   public:
    explicit Snapshot(ZoneTable& table);
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot();

    /// Gives up to `count_max` further names to `take(const Item&)`, which returns false to stop
    /// before that name: it comes again next time. False once all are given.
    template <typename Take>
    bool next(std::size_t count_max, Take&& take) {
      std::vector<Holder> scratch;
      for (std::size_t given = 0; cursor_ < end_ && given < count_max; ++cursor_, ++given) {
        const std::optional<Item> item = table_.item(*this, cursor_, scratch);
        if (item && !take(*item)) return true;
      }
      return cursor_ < end_;
    }

   private:
    friend class ZoneTable;
    ZoneTable& table_;
    std::uint32_t cursor_ = 0;
    std::uint32_t end_;
    struct Saved {
      std::uint32_t name_at;
      std::vector<Holder> holders;
    };
    std::unordered_map<std::uint32_t, Saved> saved_;
  };

 private:
  // One holder without an end fits into the entry itself, which is what feeds have; orders, which
  // end, and names with several holders keep theirs in holders_.
  struct Entry {
    std::uint32_t name_at = 0;  // 0: free
    std::uint32_t holder = 0;   // bit 31: see holders_; bit 30: scope domain; below: source
  };
  struct Slot {
    std::uint32_t entry_plus_one = 0;  // 0: free
    std::uint32_t hash = 0;
  };
  static constexpr std::size_t chunk_size = 1U << 20;
  using Chunk = std::array<std::uint8_t, chunk_size>;
  using DueKey = std::tuple<InstantMs, std::uint32_t, SourceIndex>;  // until, entry, source

  [[nodiscard]] std::uint32_t hash_of(dns::NameView name) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> find(dns::NameView name) const noexcept;
  std::uint32_t find_or_make(dns::NameView name);
  void place(std::uint32_t entry, std::uint32_t hash) noexcept;
  void displace(dns::NameView name) noexcept;
  void grow();
  std::uint32_t store_name(dns::NameView name);
  void release(std::uint32_t entry);
  void save_for_snapshots(std::uint32_t entry);
  TableChange replace_holders(std::uint32_t entry, std::vector<Holder> holders);
  [[nodiscard]] std::vector<Holder> holders_of(std::uint32_t entry) const;
  [[nodiscard]] std::optional<Item> item(const Snapshot& snapshot, std::uint32_t entry,
                                         std::vector<Holder>& scratch) const;
  void forget_dues(std::uint32_t entry, std::span<const Holder> holders);
  void remember_dues(std::uint32_t entry, std::span<const Holder> holders);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<Chunk>> chunks_;  // names as wire form, never moved, never reused
  std::size_t chunk_used_ = chunk_size;         // octets of the last chunk in use
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_entries_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::unordered_map<std::uint32_t, std::vector<Holder>> holders_;
  std::set<DueKey> dues_;
  std::vector<Snapshot*> snapshots_;
  std::size_t live_count_ = 0;
  std::size_t record_count_ = 0;
};

[[nodiscard]] Shown shown_by(std::span<const Holder> holders) noexcept;

}  // namespace khien::publish
