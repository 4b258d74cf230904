#include "publish/name_order.h"

#include <algorithm>

namespace khien::publish {
namespace {

constexpr std::size_t assigned_count = 112;  // of a block's 128: room for some more

/// Appends octets to the 16 of a key, the most significant first.
class KeyWriter {
 public:
  [[nodiscard]] bool is_full() const noexcept { return size_ == 16; }
  void push(std::uint8_t octet) noexcept {
    if (is_full()) return;
    std::uint64_t& half = size_ < 8 ? high : low;
    half |= std::uint64_t{octet} << (56 - 8 * (size_ % 8));
    ++size_;
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;

 private:
  unsigned size_ = 0;
};

}  // namespace

/// Labels from the last to the first, each ended by 0, so that a label comes before all that begin
/// with it. Octets 0 and 1 are written as two, behind an octet 1: the 0 stays the end's alone.
NameOrder::Key NameOrder::key_of(dns::NameView name) noexcept {
  const Bytes wire = name.wire();
  std::array<std::uint8_t, dns::label_count_max> starts;
  std::size_t count = 0;
  for (std::size_t at = 0; wire[at] != 0; at += 1 + std::size_t{wire[at]}) {
    starts[count++] = static_cast<std::uint8_t>(at);
  }
  KeyWriter key;
  while (count > 0 && !key.is_full()) {
    const std::size_t at = starts[--count];
    for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) {
      const std::uint8_t folded = dns::fold(octet);
      if (folded <= 1) key.push(1);
      key.push(folded <= 1 ? static_cast<std::uint8_t>(folded + 1) : folded);
    }
    key.push(0);
  }
  return {.high = key.high, .low = key.low};
}

/// The last block whose first name is not behind `name`, or the first block.
std::size_t NameOrder::block_for(dns::NameView name) const {
  const Key key = key_of(name);
  const auto behind =
      std::partition_point(directory_.begin(), directory_.end(), [&](const Row& row) {
        if (row.first_key != key) return row.first_key < key;
        return pool_.at(row.block->places[0]) <= name;
      });
  return behind == directory_.begin() ? 0
                                      : static_cast<std::size_t>(behind - directory_.begin()) - 1;
}

NameOrder::Position NameOrder::first_after(dns::NameView name) const {
  if (directory_.empty()) return {};
  const std::size_t at = block_for(name);
  const Block& block = *directory_[at].block;
  const auto end = block.places.begin() + static_cast<std::ptrdiff_t>(block.count);
  const auto found = std::partition_point(block.places.begin(), end,
                                          [&](NamePlace place) { return pool_.at(place) <= name; });
  if (found == end) return {.block = at + 1, .index = 0};
  return {.block = at, .index = static_cast<std::size_t>(found - block.places.begin())};
}

NameOrder::Position NameOrder::next(Position at) const noexcept {
  if (at.index + 1 < directory_[at.block].block->count) return {at.block, at.index + 1};
  return {at.block + 1, 0};
}

void NameOrder::note_first(std::size_t block) {
  directory_[block].first_key = key_of(pool_.at(directory_[block].block->places[0]));
}

/// Moves the second half into a block of its own.
void NameOrder::split(std::size_t at) {
  Block& full = *directory_[at].block;
  auto made = std::make_unique<Block>();
  constexpr std::size_t half = block_capacity / 2;
  std::copy(full.places.begin() + half, full.places.end(), made->places.begin());
  made->count = block_capacity - half;
  full.count = half;
  directory_.insert(directory_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                    Row{.first_key = {}, .block = std::move(made)});
  note_first(at + 1);
}

void NameOrder::insert(NamePlace place) {
  const dns::NameView name = pool_.at(place);
  if (directory_.empty())
    directory_.push_back({.first_key = {}, .block = std::make_unique<Block>()});
  std::size_t at = block_for(name);
  if (directory_[at].block->count == block_capacity) {
    split(at);
    if (pool_.at(directory_[at + 1].block->places[0]) <= name) ++at;
  }
  Block& block = *directory_[at].block;
  const auto end = block.places.begin() + static_cast<std::ptrdiff_t>(block.count);
  const auto to = std::partition_point(block.places.begin(), end,
                                       [&](NamePlace other) { return pool_.at(other) < name; });
  std::copy_backward(to, end, end + 1);
  *to = place;
  ++block.count;
  ++size_;
  if (to == block.places.begin()) note_first(at);
}

void NameOrder::erase(dns::NameView name) {
  if (directory_.empty()) return;
  const std::size_t at = block_for(name);
  Block& block = *directory_[at].block;
  const auto end = block.places.begin() + static_cast<std::ptrdiff_t>(block.count);
  const auto found = std::partition_point(block.places.begin(), end,
                                          [&](NamePlace other) { return pool_.at(other) < name; });
  if (found == end || pool_.at(*found) != name) return;
  std::copy(found + 1, end, found);
  --block.count;
  --size_;
  if (block.count == 0) {
    directory_.erase(directory_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  if (found == block.places.begin()) note_first(at);
  join_if_sparse(at);
}

/// Keeps memory in proportion to the names after many have gone: joins a block that is nearly empty
/// with the next or the one before it.
void NameOrder::join_if_sparse(std::size_t at) {
  if (directory_[at].block->count >= block_capacity / 4) return;
  if (!join_with_next(at) && at > 0) static_cast<void>(join_with_next(at - 1));
}

/// False if there is no next block, or the two would be too full for further names.
bool NameOrder::join_with_next(std::size_t at) {
  if (at + 1 == directory_.size()) return false;
  Block& into = *directory_[at].block;
  const Block& from = *directory_[at + 1].block;
  if (into.count + from.count > block_capacity / 2) return false;
  std::copy_n(from.places.begin(), from.count,
              into.places.begin() + static_cast<std::ptrdiff_t>(into.count));
  into.count += from.count;
  directory_.erase(directory_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  return true;
}

void NameOrder::assign(const std::vector<NamePlace>& places) {
  struct Item {
    Key key;
    NamePlace place;
  };
  std::vector<Item> items;
  items.reserve(places.size());
  for (const NamePlace place : places)
    items.push_back({.key = key_of(pool_.at(place)), .place = place});
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    if (a.key != b.key) return a.key < b.key;
    return pool_.at(a.place) < pool_.at(b.place);
  });
  directory_.clear();
  size_ = items.size();
  for (std::size_t from = 0; from < items.size(); from += assigned_count) {
    auto block = std::make_unique<Block>();
    block->count = std::min(assigned_count, items.size() - from);
    for (std::size_t i = 0; i < block->count; ++i) block->places[i] = items[from + i].place;
    directory_.push_back({.first_key = items[from].key, .block = std::move(block)});
  }
}

bool NameOrder::has_below(dns::NameView name) const {
  const Position at = first_after(name);
  return at.block < directory_.size() &&
         pool_.at(directory_[at.block].block->places[at.index]).is_below(name);
}

std::size_t NameOrder::memory_size() const noexcept {
  return directory_.capacity() * sizeof(Row) + directory_.size() * sizeof(Block);
}

}  // namespace khien::publish
