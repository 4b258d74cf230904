// Longest-prefix match for IPv4 and IPv6: which value belongs to an address. Built once, immutable,
// any thread may read it.
//
// Nested prefixes are flattened into disjoint runs when the table is built, so that a look-up is
// one search for the last run that begins at or before the address, whatever the nesting. Runs lie
// in the order of a binary search (Eytzinger: the children of i are 2i and 2i+1), which needs no
// branch that depends on the data and keeps the upper steps in few cache lines:
//
//   IPv4             32 bits            one search
//   IPv6, up to /64  upper 64 bits      one search
//   IPv6, longer     upper, then lower  a second search, only where such prefixes lie
//
// Memory: 12 octets a run, at most two runs a prefix.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "policy/address_key.h"

namespace khien::policy {

/// The addresses that share their first `length` bits with `base`. IPv4 lengths count from 96.
struct AddressPrefix {
  AddressKey base = {};
  std::uint8_t length = 0;  // 0..128
  friend bool operator==(const AddressPrefix&, const AddressPrefix&) = default;

  /// `base` has 4 or 16 octets; `length` counts within them.
  [[nodiscard]] static AddressPrefix of(Bytes base, unsigned length) noexcept;
  /// True if no bit of the base is set beyond the length.
  [[nodiscard]] bool is_canonical() const noexcept;
};

class PrefixTable {
 public:
  struct Entry {
    AddressPrefix prefix;
    std::uint32_t value = 0;  // at most value_max
  };
  static constexpr std::uint32_t none = 0x7FFF'FFFF;  ///< no prefix holds the address
  static constexpr std::uint32_t value_max = none - 1;

  /// An empty table.
  PrefixTable();
  /// conflict for a prefix that comes twice, invalid_argument for bits beyond the length or a value
  /// above value_max. A prefix of IPv6 never holds an IPv4 address, not even ::/0.
  [[nodiscard]] static Result<PrefixTable> build(std::span<const Entry> entries);

  /// The value of the longest prefix that holds `address`, or none. Allocates nothing.
  [[nodiscard]] std::uint32_t find(AddressKey address) const noexcept {
    if (address.is_v4()) return v4_.find(address.low << 32);
    const std::uint32_t value = v6_.find(address.high);
    return (value & long_mark) == 0 ? value : below_64_[value & ~long_mark].find(address.low);
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Octets held.
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  static constexpr std::uint32_t long_mark = 0x8000'0000;

  struct Range {  // a prefix of 64 bits
    std::uint64_t first = 0;
    unsigned length = 0;
    std::uint32_t value = 0;
  };
  // All of 64 bits, cut into runs of one value.
  class Runs {
   public:
    Runs() : Runs(std::vector<Range>{}, none) {}
    /// `ranges` differ; addresses in none of them have the value `otherwise`.
    Runs(std::vector<Range> ranges, std::uint32_t otherwise);
    [[nodiscard]] std::uint32_t find(std::uint64_t at) const noexcept {
      std::size_t i = 1;
      while (i < starts_.size()) i = 2 * i + (starts_[i] <= at ? 1 : 0);
      // The last step to the right was at the run: the first run begins at 0, so there was one.
      return values_[i >> (static_cast<unsigned>(__builtin_ctzll(i)) + 1)];
    }
    [[nodiscard]] std::size_t memory_size() const noexcept;

   private:
    std::vector<std::uint64_t> starts_;  // 1-based
    std::vector<std::uint32_t> values_;
  };

  Runs v4_;
  Runs v6_;
  std::vector<Runs> below_64_;
  std::size_t size_ = 0;
};

}  // namespace khien::policy
