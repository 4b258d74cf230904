// Names of a NamePool in canonical order (RFC 4034 section 6.1), in which all that lies below a
// name stands right behind it. About 6 octets a name: sorted blocks of places and a directory of
// the blocks. No I/O and no lock.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <vector>

#include "publish/name_pool.h"

namespace khien::publish {

class NameOrder {
 public:
  /// `pool` must outlive it.
  explicit NameOrder(const NamePool& pool) noexcept : pool_(pool) {}

  /// Adds the name at `place`, which is not in yet. Some twenty comparisons, and one block is
  /// moved.
  void insert(NamePlace place);
  /// Takes `name` out, if it is in.
  void erase(dns::NameView name);
  /// Makes `places` all that it holds; each name once. Sorts, with 24 octets a name on the way.
  void assign(const std::vector<NamePlace>& places);

  /// True if a name lies below `name`; itself does not count.
  [[nodiscard]] bool has_below(dns::NameView name) const;
  /// Calls `visit(NamePlace)` for each name below `name`, those above before those below them.
  /// `visit` must not change this order.
  template <typename Visit>
  void for_each_below(dns::NameView name, Visit&& visit) const {
    for (Position at = first_after(name); at.block < directory_.size(); at = next(at)) {
      const NamePlace place = directory_[at.block].block->places[at.index];
      if (!pool_.at(place).is_below(name)) return;
      visit(place);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  // Small: within a block each comparison is a look at a name, in the directory it is none.
  static constexpr std::size_t block_capacity = 128;
  struct Block {
    std::size_t count = 0;
    std::array<NamePlace, block_capacity> places;
  };
  /// The first 16 octets of a name in a form whose order is the canonical one: it decides most
  /// comparisons without a look at the name.
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Row {
    Key first_key;  // of the block's first name
    std::unique_ptr<Block> block;
  };
  struct Position {
    std::size_t block = 0;
    std::size_t index = 0;
  };

  [[nodiscard]] static Key key_of(dns::NameView name) noexcept;
  [[nodiscard]] std::size_t block_for(dns::NameView name) const;
  [[nodiscard]] Position first_after(dns::NameView name) const;
  [[nodiscard]] Position next(Position at) const noexcept;
  void split(std::size_t block);
  void join_if_sparse(std::size_t block);
  bool join_with_next(std::size_t block);
  void note_first(std::size_t block);

  const NamePool& pool_;
  std::vector<Row> directory_;
  std::size_t size_ = 0;
};

}  // namespace khien::publish
