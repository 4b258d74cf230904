// The names of one zone in memory: compact (about 50 octets a name), one change in time that does
// not grow with the zone, and readable as it was at one instant while changes go on. No I/O and no
// lock: ZoneSet has both.
//
// A name is in the zone while anybody holds it: two orders, or an order and a feed. With scope
// `host` it shows the record `name`; as soon as one holder says `domain`, `*.name` too.
//
// Below a domain, names that stand in the zone hide its wildcard (RFC 4592 section 3.3.1: the
// closest encloser is theirs). So every listed name below a domain, and every name between the two,
// shows both records: it is *covered*. The names between, which nobody holds, are *fillers*
// (ADR 0300). They follow from the holders alone and are kept in zone_cover.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "dns/name.h"
#include "publish/name_order.h"
#include "publish/name_pool.h"
#include "publish/zone_pages.h"

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

struct ShownChange {
  NamePlace name_at = 0;  ///< for name_at(); stays valid as long as the table
  Shown before;
  Shown after;
};

/// What one change of a name's holders did.
struct TableChange {
  NamePlace name_at = 0;
  Shown before;  ///< what the name showed
  Shown after;
  Shown held_before;  ///< what its holders alone asked for
  Shown held_after;
  std::vector<ShownChange> others;  ///< names below and above it, when they became covered or not
};

class ZoneTable {
 public:
  /// `pages_in_use` is shared by the tables that have one limit.
  explicit ZoneTable(std::uint64_t hash_seed, std::shared_ptr<PagesInUse> pages_in_use =
                                                  std::make_shared<PagesInUse>()) noexcept
      : seed_(hash_seed), pages_(std::move(pages_in_use)) {}
  ZoneTable(const ZoneTable&) = delete;
  ZoneTable& operator=(const ZoneTable&) = delete;

  /// Adds the holder, or replaces what the same source held. `name` in lower case.
  TableChange add(dns::NameView name, const Holder& holder);
  /// Takes the source (and a rollback) off the name. Nothing happens if it does not hold it.
  TableChange remove(dns::NameView name, SourceIndex source);
  /// Takes every holder off the name.
  TableChange clear(dns::NameView name);

  /// Adds a holder of a table that is being filled; settle() ends that. In between the table shows
  /// nothing of what is covered and must not be asked. Far cheaper than add() for many.
  void load(dns::NameView name, const Holder& holder);
  void settle();

  [[nodiscard]] std::vector<Holder> holders(dns::NameView name) const;
  /// What the name shows, and what its holders alone ask for: less, below a domain.
  [[nodiscard]] Shown shown(dns::NameView name) const;
  [[nodiscard]] Shown held(dns::NameView name) const;
  [[nodiscard]] dns::NameView name_at(NamePlace at) const noexcept { return pool_.at(at); }

  /// The holders that end at or before `now_ms`, at most `count_max`, soonest first.
  struct Due {
    NamePlace name_at;
    SourceIndex source;
    InstantMs until_ms;
  };
  [[nodiscard]] std::vector<Due> due(InstantMs now_ms, std::size_t count_max) const;
  [[nodiscard]] std::optional<InstantMs> next_due_ms() const;

  /// Names that somebody holds; fillers do not count.
  [[nodiscard]] std::size_t name_count() const noexcept { return held_count_; }
  /// RPZ records, without SOA and NS, with those of fillers.
  [[nodiscard]] std::size_t record_count() const noexcept { return record_count_; }
  [[nodiscard]] std::size_t memory_size() const noexcept;

  /// Makes a page that is not kept, so that the next transfer finds it. False if there is none, or
  /// no room.
  bool make_missing_page(const ZoneFacts& zone);

  /// What a snapshot gives out: a filler has no holders. Borrowed until the table changes.
  struct Item {
    dns::NameView name;
    Shown shown;
    std::span<const Holder> holders;
  };

  /// The table as it was when this was made, read piece by piece while the table goes on changing.
  /// The table must outlive it. Only the state of names that change meanwhile is copied.
  class Snapshot {
   public:
    /// From the entry `from`, which begins a page.
    explicit Snapshot(ZoneTable& table, std::uint32_t from = 0);
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

    /// Names and free places; what next() and next_page() go through.
    [[nodiscard]] std::size_t entry_count() const noexcept { return end_; }
    /// The records of the next `page_entries` entries, as of the snapshot; nullptr once all are
    /// given. Not to be mixed with next().
    [[nodiscard]] std::shared_ptr<const ZonePage> next_page(const ZoneFacts& zone);

   private:
    friend class ZoneTable;
    [[nodiscard]] bool is_as_it_was(std::uint32_t page) const noexcept;
    ZoneTable& table_;
    std::uint32_t cursor_ = 0;
    std::uint32_t end_;
    struct Saved {
      NamePlace name_at;
      Shown shown;
      std::vector<Holder> holders;
    };
    std::unordered_map<std::uint32_t, Saved> saved_;
    std::unordered_set<std::uint32_t> changed_pages_;  // where saved_ has entries
  };

 private:
  // One holder without an end fits into the entry itself, which is what feeds have; orders, which
  // end, and names with several holders keep theirs in holders_. A filler's name stands in that of
  // a name below it.
  struct Entry {
    NamePlace name_at = 0;   // 0: free
    std::uint32_t word = 0;  // zone_entry.h
  };
  struct Slot {
    std::uint32_t entry_plus_one = 0;  // 0: free
    std::uint32_t hash = 0;
  };
  using DueKey = std::tuple<InstantMs, std::uint32_t, SourceIndex>;  // until, entry, source

  [[nodiscard]] std::uint32_t hash_of(dns::NameView name) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> find(dns::NameView name) const noexcept;
  std::uint32_t find_or_make(dns::NameView name);
  void place(std::uint32_t entry, std::uint32_t hash) noexcept;
  void displace(dns::NameView name) noexcept;
  void grow();
  std::uint32_t make_entry(NamePlace at, std::uint32_t word);
  void release(std::uint32_t entry);
  [[nodiscard]] std::uint32_t page_count() const noexcept {
    return static_cast<std::uint32_t>((entries_.size() + page_entries - 1) / page_entries);
  }
  void prepare_change(std::uint32_t entry);
  void put_holders(std::uint32_t entry, std::vector<Holder> holders);
  TableChange replace_holders(std::uint32_t entry, std::vector<Holder> holders);
  [[nodiscard]] std::vector<Holder> holders_of(std::uint32_t entry) const;
  [[nodiscard]] Shown shown_of(std::uint32_t entry) const;
  [[nodiscard]] std::optional<Item> item(const Snapshot& snapshot, std::uint32_t entry,
                                         std::vector<Holder>& scratch) const;
  void forget_dues(std::uint32_t entry, std::span<const Holder> holders);
  void remember_dues(std::uint32_t entry, std::span<const Holder> holders);

  // zone_cover.cpp: who is covered, and the fillers.
  using Changes = std::vector<ShownChange>;
  enum class Cover : std::uint8_t { on, off };
  [[nodiscard]] bool is_covered(std::uint32_t entry) const noexcept;
  [[nodiscard]] bool is_filler(std::uint32_t entry) const noexcept;
  [[nodiscard]] bool is_domain(std::uint32_t entry) const noexcept;
  [[nodiscard]] bool is_below_domain(dns::NameView name) const;
  void come_in(std::uint32_t entry, Changes& changes);
  void go_out(std::uint32_t entry, Changes& changes);
  void cover_below(dns::NameView domain, Changes& changes);
  void uncover_below(dns::NameView domain, Changes& changes);
  void set_cover(std::uint32_t entry, Cover cover, Changes& changes);
  void make_fillers_above(NamePlace at, Changes& changes);
  void drop_filler(std::uint32_t entry, Changes& changes);

  std::uint64_t seed_;
  NamePool pool_;
  NameOrder order_{pool_};  // the held names that can lie below a domain: three labels and more
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_entries_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::unordered_map<std::uint32_t, std::vector<Holder>> holders_;
  std::set<DueKey> dues_;
  std::vector<Snapshot*> snapshots_;
  PageShelf pages_;
  std::size_t held_count_ = 0;
  std::size_t record_count_ = 0;
};

[[nodiscard]] Shown shown_by(std::span<const Holder> holders) noexcept;

/// RPZ records of one name: 0..2.
[[nodiscard]] constexpr std::size_t records_of(Shown shown) noexcept {
  return std::size_t{shown.name} + std::size_t{shown.below};
}

}  // namespace khien::publish
