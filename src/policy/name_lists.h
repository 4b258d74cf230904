// The names that networks allow or block for themselves: those of all networks in one table, found
// by list number and name. It is looked at only for networks that have such a list; most names of a
// network with one cost a probe for each label, which finds a free slot.
//
// Immutable once published; any thread may read it.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/name_key.h"

namespace khien::policy {

/// What a network's own list says of a name.
enum class OwnRule : std::uint8_t {
  none,
  allow,  ///< feeds and choices do not block it here; orders do
  block,  ///< blocked here, as a choice of the network's
};

/// Number of a list; a network has its own and that of its policy.
using ListNumber = std::uint32_t;
constexpr ListNumber no_list = 0;

class NameLists {
 public:
  struct Item {
    ListNumber list = no_list;
    OwnRule rule = OwnRule::none;
    bool covers_below = true;
    InstantMs until_ms = forever;  // from then on it counts no more
  };
  static constexpr InstantMs forever = INT64_MAX;

  explicit NameLists(const HashKey& key) : key_(key) {}

  /// conflict if the list has the name already. `name` was made with key().
  Result<void> add(const NameKey& name, const Item& item);

  struct Found {
    OwnRule rule = OwnRule::none;
    std::uint8_t at = 0;  ///< where in the name the list's name begins
  };
  /// What the most specific entry for `name` says that counts at `now_ms`; of two equally specific
  /// ones that of `first`. Allocates nothing.
  [[nodiscard]] Found find(ListNumber first, ListNumber second, const NameKey& name,
                           InstantMs now_ms) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const HashKey& key() const noexcept { return key_; }
  /// When entries end, in order; without those that do not.
  [[nodiscard]] std::vector<InstantMs> ends() const;

 private:
  struct Entry {
    std::uint64_t hash;
    InstantMs until_ms;
    ListNumber list;
    std::uint32_t name_at;  // in the arena
    std::uint8_t name_size;
    OwnRule rule;
    bool covers_below;
  };
  [[nodiscard]] const Entry* entry_of(ListNumber list, std::uint64_t hash,
                                      Bytes name) const noexcept;
  [[nodiscard]] std::size_t home_of(ListNumber list, std::uint64_t hash) const noexcept {
    return (hash + list * std::uint64_t{0x9E37'79B9'7F4A'7C15}) & (slots_.size() - 1);
  }
  void place(std::uint32_t index) noexcept;

  HashKey key_;
  std::vector<std::uint32_t> slots_;  // index of an entry plus 1; a power of two, half of it free
  std::vector<Entry> entries_;
  Octets arena_;
};

}  // namespace khien::policy
