// Names as wire form, one behind the other, known by their places. A place stays good as long as
// the pool: nothing is moved and nothing is used again. No lock.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dns/name.h"

namespace khien::publish {

/// Where a name begins in a NamePool, plus one; 0 is none. The place of a name and the size of its
/// first labels give the place of what is left without them: ancestors need no room of their own.
using NamePlace = std::uint32_t;

class NamePool {
 public:
  /// Copies `name`. A pool holds 4 GiB of names.
  NamePlace store(dns::NameView name);
  /// The name at a place. Borrowed from the pool.
  [[nodiscard]] dns::NameView at(NamePlace place) const noexcept;
  [[nodiscard]] std::size_t memory_size() const noexcept { return chunks_.size() * chunk_size; }

  /// The place of `ancestor`, which `name` (stored at `place`) lies below or is.
  [[nodiscard]] static NamePlace place_of_ancestor(NamePlace place, dns::NameView name,
                                                   dns::NameView ancestor) noexcept {
    return place + static_cast<NamePlace>(name.size() - ancestor.size());
  }

 private:
  static constexpr std::size_t chunk_size = 1U << 20;
  using Chunk = std::array<std::uint8_t, chunk_size>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t used_ = chunk_size;  // octets of the last chunk in use
};

}  // namespace khien::publish
