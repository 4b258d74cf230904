// Upstream answers, below policy: nothing that we blocked is kept here, so a change of rules
// flushes nothing. One worker owns one; no locks, and no allocation after construction.
//
// The answers lie one behind another in two rings of fixed size (after S3-FIFO, SOSP 2023; ADR
// 0608): what is new comes into the small one, a tenth, and moves on to the main one only if it was
// used before its turn to go. What goes from the small ring leaves its hash behind for a while, and
// what is asked for again meanwhile comes into the main ring at once. So a scan of new names turns
// the small ring over and nothing else. In the main ring what was used goes round again, once or
// twice. An index of cache lines (eight slots a bucket) finds the answers.
#pragma once

#include <bit>
#include <memory>
#include <optional>
#include <span>

#include "base/page_buffer.h"
#include "dns/wire.h"
#include "policy/rules.h"
#include "resolver/answer_addresses.h"

namespace khien::resolver {

using khien::Bytes;

constexpr std::size_t cache_size_min = 1 << 20;
constexpr std::size_t cached_message_size_max = 16'384;  // larger answers are passed on, not kept
constexpr std::size_t cached_ttls_max = 512;             // records; an answer of more is not kept
constexpr std::size_t cached_targets_size_max = 2'048;   // names inside an answer, likewise
constexpr std::size_t relayed_extended_size_max = 202;   // an upstream's EDE: code and 200 of text
constexpr std::uint32_t positive_ttl_max_s = 86'400;
constexpr std::uint32_t negative_ttl_max_s = 3'600;  // RFC 2308 section 5: one to three hours
constexpr std::int64_t stale_max_ms = 86'400'000;    // RFC 8767 section 5: one to three days
constexpr std::uint32_t stale_ttl_s = 30;            // RFC 8767 section 4
constexpr std::uint32_t refresh_ttl_min_s = 10;      // shorter lives are not worth a refresh ahead
constexpr std::uint8_t seen_every_hit = 0x80;        // in seen_rounds: still the first hits
constexpr std::uint8_t refresh_uses_min = 2;         // hits, without which nothing is asked ahead

struct CacheKey {
  Bytes qname;             // folded wire form, borrowed
  std::uint64_t hash = 0;  // keyed hash of qname
  std::uint16_t qtype = 0;
  bool dnssec_ok = false;
  bool checking_disabled = false;
};

/// What is to be kept. Borrows everything.
struct CacheItem {
  Bytes message = {};                          // whole, without OPT
  std::span<const std::uint16_t> ttl_at = {};  // where its TTLs stand
  Bytes targets = {};                          // wire names inside it that policy must see
  Bytes extended = {};                         // the upstream's EDE, as UpstreamAnswer gives it
  std::int64_t now_ms = 0;                     // steady clock
  std::uint32_t ttl_s = 0;
  std::uint8_t failures = 0;     // how often in a row nothing came of it; 0 for an answer
  std::uint8_t seen_rounds = 0;  // 0: whose hits nobody wants to see
};

class PacketCache {
 public:
  /// An answer in the cache; valid until the next put().
  struct Entry {
    std::uint32_t size;  // of the whole entry in the ring, a multiple of 8; first in each entry
    std::uint8_t kind;
    std::uint8_t seen_rounds;  // while not 0, is_news() has something to say
    std::uint16_t target_at;   // which target is blocked, as an offset into targets()
    std::uint64_t hash;
    std::int64_t stored_ms;
    std::int64_t expires_ms;
    /// While fresh: from when on a hit asks upstream ahead. While stale and upstream silent: not
    /// before this time again.
    std::int64_t ask_again_ms;
    std::uint64_t checked_by;        // which rules and policy `target_verdict` holds for; 0 none
    policy::Verdict target_verdict;  // of the first target that is blocked
    std::uint8_t key_flags;
    std::uint8_t name_size;
    std::uint32_t seen;  // see is_news()
    std::uint16_t qtype;
    std::uint16_t message_size;
    std::uint16_t ttl_count;
    std::uint16_t targets_size;
    std::uint8_t extended_size;
    std::uint8_t uses;      // hits since it was last moved, up to uses_max
    std::uint8_t failures;  // RFC 9520: not 0 for what is kept of a failure

    [[nodiscard]] Bytes message() const noexcept { return body(0, message_size); }
    [[nodiscard]] Bytes targets() const noexcept { return body(message_size, targets_size); }
    [[nodiscard]] Bytes qname() const noexcept {
      return body(std::size_t{message_size} + targets_size, name_size);
    }
    [[nodiscard]] Bytes extended() const noexcept {
      return body(std::size_t{message_size} + targets_size + name_size, extended_size);
    }
    [[nodiscard]] std::uint16_t ttl_at(std::size_t index) const noexcept {
      const std::size_t first =
          std::size_t{message_size} + targets_size + name_size + extended_size;
      const Bytes at = body(first + 2 * index, 2);
      return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
    }
    /// The addresses in the answer section, as answer_addresses.h says.
    template <typename Visit>
    void for_each_address(Visit&& visit) const {
      resolver::for_each_address(
          message(), ttl_count, [this](std::size_t i) { return std::size_t{ttl_at(i)}; }, visit);
    }
    [[nodiscard]] bool fresh(std::int64_t now_ms) const noexcept { return now_ms < expires_ms; }
    [[nodiscard]] bool usable_stale(std::int64_t now_ms) const noexcept {
      return failures == 0 && now_ms - expires_ms < stale_max_ms;
    }
    /// Whether a hit of `network` (a keyed hash) may be one of a network that was not seen to ask
    /// for this answer yet; only while seen_rounds is not 0. True for the first 32 hits. Then in
    /// rounds, for networks whose bit of 32 was not marked in this round, which ends with 24 marks.
    /// So a name that few ask for is seen by every hit, however long it lives here; one of which
    /// many hits come from one network still shows the others; and one that everybody asks for
    /// falls silent after about 32 + 24 × rounds. A new answer begins anew, so that short lives
    /// count too.
    [[nodiscard]] bool is_news(std::uint32_t network) const noexcept {
      return (seen_rounds & seen_every_hit) != 0 || (seen & bit_of(network)) == 0;
    }
    /// After is_news().
    void mark(std::uint32_t network) noexcept {
      constexpr int marks_a_round = 24;
      constexpr std::uint32_t hits_at_first = 32;
      if ((seen_rounds & seen_every_hit) != 0) {
        if (++seen < hits_at_first) return;
        seen_rounds ^= seen_every_hit;
      } else {
        seen |= bit_of(network);
        if (std::popcount(seen) < marks_a_round) return;
        --seen_rounds;
      }
      seen = 0;
    }

   private:
    [[nodiscard]] static std::uint32_t bit_of(std::uint32_t network) noexcept {
      return std::uint32_t{1} << (network >> 27);  // the sketch takes the lower bits
    }
    [[nodiscard]] Bytes body(std::size_t from, std::size_t octets) const noexcept {
      return {reinterpret_cast<const std::uint8_t*>(this + 1) + from, octets};
    }
  };

  /// At least cache_size_min octets for answers; the index takes a fourth more.
  explicit PacketCache(std::size_t size);

  /// The answer to `key`, fresh or not, or nullptr. Counts as a use.
  [[nodiscard]] Entry* find(const CacheKey& key) noexcept;
  /// The same, and counts as none.
  [[nodiscard]] Entry* peek(const CacheKey& key) noexcept;
  void prefetch(std::uint64_t name_hash) const noexcept;
  /// The second step, once the index line has come: starts loading the answer.
  void prefetch_entry(const CacheKey& key) const noexcept;
  /// Keeps `item`, in place of what was there and with its standing; false if it is beyond the
  /// limits above.
  bool put(const CacheKey& key, const CacheItem& item) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  struct IndexSlot {
    std::uint32_t tag = 0;
    std::uint32_t position = 0;  // in the memory, in units of 8, plus 1; 0: free

    [[nodiscard]] std::uint64_t place() const noexcept { return std::uint64_t{position - 1} * 8; }
    void set_place(std::uint64_t place) noexcept {
      position = static_cast<std::uint32_t>(place / 8 + 1);
    }
  };
  static constexpr std::size_t slots_a_bucket = 8;
  struct alignas(64) Bucket {
    std::array<IndexSlot, slots_a_bucket> slots;
  };

  static constexpr std::uint8_t uses_max = 3;

  /// A queue of entries in one part of the memory. head and tail only grow.
  struct Ring {
    std::uint64_t begin = 0;  // in the memory
    std::uint64_t size = 0;
    std::uint64_t head = 0;  // where the next entry goes
    std::uint64_t tail = 0;  // the oldest entry

    [[nodiscard]] std::uint64_t place(std::uint64_t at) const noexcept { return begin + at % size; }
    [[nodiscard]] std::uint64_t until_end() const noexcept { return size - head % size; }
    [[nodiscard]] std::uint64_t age(std::uint64_t place) const noexcept {
      return (place - begin + size - tail % size) % size;  // the oldest has 0
    }
  };

  [[nodiscard]] static std::uint64_t key_hash(const CacheKey& key) noexcept;
  [[nodiscard]] Bucket& bucket_of(std::uint64_t hash) const noexcept {
    return buckets_[(hash & 0xFFFF'FFFF) * bucket_count_ >> 32];
  }
  [[nodiscard]] Entry* at(std::uint64_t place) noexcept {
    return reinterpret_cast<Entry*>(memory_ + place / 8);
  }
  [[nodiscard]] bool in_small(std::uint64_t place) const noexcept { return place < main_.begin; }
  [[nodiscard]] bool matches(const Entry& entry, std::uint64_t hash,
                             const CacheKey& key) const noexcept;
  [[nodiscard]] IndexSlot* look_up(std::uint64_t hash, const CacheKey& key) noexcept;
  [[nodiscard]] std::uint64_t make_room(Ring& ring, std::size_t size) noexcept;
  void pad_to_end(Ring& ring) noexcept;
  void make_room_in_small() noexcept;
  void drop_oldest_of_main() noexcept;
  [[nodiscard]] bool keep_oldest_of_main() noexcept;
  void forget(IndexSlot& slot) noexcept;
  void index(std::uint64_t hash, std::uint64_t place) noexcept;
  [[nodiscard]] IndexSlot* slot_at(std::uint64_t hash, std::uint64_t place) noexcept;
  void leave_ghost(std::uint64_t hash) noexcept;
  [[nodiscard]] bool take_ghost(std::uint64_t hash) noexcept;

  PageBuffer ring_pages_;
  std::uint64_t* memory_;  // in ring_pages_: the small ring, then the main one
  Ring small_;
  Ring main_;
  std::size_t bucket_count_;
  PageBuffer bucket_pages_;
  Bucket* buckets_;  // bucket_count_ in bucket_pages_
  std::size_t ghost_bucket_count_;
  std::unique_ptr<std::uint32_t[]> ghosts_;  // tags of what went from the small ring; 0: free
  std::uint32_t ghost_turn_ = 0;
  std::size_t count_ = 0;
};

}  // namespace khien::resolver
