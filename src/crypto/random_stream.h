// Random octets without system calls: a ChaCha20 key stream (RFC 8439) whose key replaces itself
// with the stream's first octets before any other is used ("fast key erasure", Bernstein 2017), so
// that whoever reads the memory later cannot compute what was given out before. Unpredictable as
// long as the first key is. One thread; after a fork both sides would give the same.
#pragma once

#include <array>

#include "base/random.h"

namespace khien::crypto {

class RandomStream final : public Rng {
 public:
  static constexpr std::size_t key_size = 32;

  /// Takes key_size octets of `seed` once.
  explicit RandomStream(Rng& seed) noexcept;
  ~RandomStream() override;
  RandomStream(const RandomStream&) = delete;
  RandomStream& operator=(const RandomStream&) = delete;

  void fill(std::span<std::uint8_t> out) noexcept override;

 private:
  void refill() noexcept;

  std::array<std::uint8_t, key_size> key_{};
  std::array<std::uint8_t, 1'024> octets_{};  // a refill takes about a microsecond
  std::size_t at_ = octets_.size();
};

}  // namespace khien::crypto
