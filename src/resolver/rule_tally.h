// How often each rule decided a query, counted by one worker and handed to the thread that tells
// khiend. A rule is a source of khiend's and the name at which the rule stands; nothing of who
// asked, and nothing of when, is kept.
//
//   worker: add() into tables[handed % 2]          teller: ask(): asked = handed + 1
//           between batches, if asked != handed:           once handed == asked:
//             handed = asked, which swaps the two            take() reads and empties the other one
//
// Two buffers with a handshake: a table belongs to one thread at a time, and `handed` says to which
// (both words are sequentially consistent, so that what one thread wrote to a table is seen by the
// other after the swap). No lock, no allocation after construction, no atomic read-modify-write.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "policy/source.h"

namespace khien::resolver {

constexpr std::size_t tally_rules_max = 16'384;        // in one table, between two takes
constexpr std::size_t tally_names_size = 512U * 1024;  // octets of their names

class RuleTally {
 public:
  RuleTally();

  // ---- the worker ----

  /// Once a batch. Costs two loads.
  void hand_over_if_asked() noexcept {
    const std::uint32_t asked = asked_.load();
    if (asked == handed_.load(std::memory_order_relaxed)) return;
    worker_ = tables_[asked % 2].get();
    handed_.store(asked);
  }
  /// One more query decided by the rule of `source` at `name` (folded wire form), of which `hash`
  /// is policy::NameKey's: who cannot know its key cannot make two rules meet.
  void add(policy::Source source, std::uint64_t hash, Bytes name) noexcept {
    const std::uint64_t key = hash + source.index * source_step;
    for (std::size_t slot = key >> (64U - slot_bits);; slot = (slot + 1) % slot_count) {
      const std::uint16_t at = worker_->slots.data()[slot];  // below slot_count
      if (at == 0) return insert(slot, key, source, name);
      Rule& rule = worker_->rules.data()[at - 1];  // insert() wrote it
      if (rule.key != key) continue;
      ++rule.hits;
      return;
    }
  }

  // ---- the teller: one thread ----

  /// Asks the worker for what it counted; it answers with its next batch, five times a second at
  /// least. Nothing if it was asked already.
  void ask() noexcept {
    if (asked_.load() == handed_.load()) asked_.store(asked_.load() + 1);
    taken_ = false;
  }
  struct Hits {
    policy::Source source = {};
    Bytes name = {};  ///< folded wire form; borrowed until take() returns
    std::uint64_t hits = 0;
  };
  struct Taken {
    bool done = false;           ///< false: the worker has not answered ask() yet
    std::uint64_t left_out = 0;  ///< queries whose rule found no room
  };
  /// What was counted until the worker answered ask(): each rule once. Visits nothing before, and
  /// nothing a second time.
  Taken take(const std::function<void(const Hits&)>& visit);

 private:
  static constexpr std::size_t slot_bits = 15;
  static constexpr std::size_t slot_count = std::size_t{1} << slot_bits;
  static_assert(slot_count >= 2 * tally_rules_max);  // a free slot ends each search, and soon
  static constexpr std::uint64_t source_step = 0x9E37'79B9'7F4A'7C15;  // odd: 25 keys of one hash

  struct Rule {
    std::uint64_t key;
    std::uint64_t hits;
    std::uint32_t name_at;
    std::uint8_t name_size;
    policy::Source source;
  };
  struct Table {
    std::array<std::uint16_t, slot_count> slots;  // number of the rule and 1; 0 is free
    std::array<Rule, tally_rules_max> rules;
    std::array<std::uint8_t, tally_names_size> names;
    std::uint32_t rule_count;
    std::uint32_t names_used;
    std::uint64_t left_out;
    void clear() noexcept;
  };
  void insert(std::size_t slot, std::uint64_t key, policy::Source source, Bytes name) noexcept;

  std::array<std::unique_ptr<Table>, 2> tables_;
  Table* worker_;
  std::atomic<std::uint32_t> asked_{0};   // written by the teller
  std::atomic<std::uint32_t> handed_{0};  // written by the worker
  bool taken_ = true;                     // the teller's
};

}  // namespace khien::resolver
