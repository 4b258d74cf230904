// Which registrable names were told (or learnt) before, as keyed hashes and nothing else, so that a
// name is told once. Two generations, as in a cache of two halves: when the current one is full it
// becomes the previous one, and what is still asked for moves back. A name that nobody has asked
// for while a whole generation filled is new again.
//
// On disk (docs/formats/seen-names.md): the hashes with their key, and until when names are only
// learnt. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace khien::resolver {

constexpr std::size_t known_names_a_generation_max = 1'835'008;  // 7/8 of 2^21 slots: 16 MB
constexpr std::size_t seen_file_size_max = std::size_t{32} << 20;

class KnownNames {
 public:
  using Key = std::array<std::uint8_t, 16>;
  using Hash = std::uint64_t;  // never 0

  /// Empty, with a new key. `generation_max`: names of one generation, at least 8.
  explicit KnownNames(Rng& rng, std::size_t generation_max = known_names_a_generation_max);

  [[nodiscard]] Hash hash_of(std::string_view name) const noexcept;
  /// Whether it is known; what the previous generation knows moves to the current one, if there is
  /// room.
  [[nodiscard]] bool contains(Hash hash);
  void insert(Hash hash);
  [[nodiscard]] std::size_t count() const noexcept { return current_.count + previous_.count; }

  /// The file's octets; `learning_until_ms` travels with them. Hashes for which `left_out` is true
  /// are not written.
  template <typename LeftOut>
  [[nodiscard]] Octets write(std::int64_t learning_until_ms, LeftOut&& left_out) const {
    std::array<std::vector<Hash>, 2> kept;
    for (const bool is_current : {true, false}) {
      for (const Hash hash : (is_current ? current_ : previous_).slots) {
        if (hash != 0 && !left_out(hash)) kept[is_current ? 0 : 1].push_back(hash);
      }
    }
    return file_of(learning_until_ms, key_, kept);
  }
  /// Takes what `file` holds in place of everything; until when names are only learnt. corrupt or
  /// conflict, with nothing changed.
  [[nodiscard]] Result<std::int64_t> read(Bytes file);

 private:
  // Open addressing; a slot of 0 is free.
  struct Generation {
    std::vector<Hash> slots;
    std::size_t count = 0;

    [[nodiscard]] bool contains(Hash hash) const noexcept;
    bool insert(Hash hash);
    void place(Hash hash) noexcept;
  };
  [[nodiscard]] static Octets file_of(std::int64_t learning_until_ms, const Key& key,
                                      const std::array<std::vector<Hash>, 2>& kept);

  std::size_t generation_max_;
  Key key_{};
  Generation current_;
  Generation previous_;
};

}  // namespace khien::resolver
