#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "base/assert.h"

namespace khien {

std::uint64_t Rng::next_u64() noexcept {
  std::uint64_t value = 0;
  std::uint8_t octets[sizeof value];
  fill(octets);
  std::memcpy(&value, octets, sizeof value);
  return value;
}

std::uint64_t Rng::below(std::uint64_t bound) noexcept {
  KHIEN_ASSERT(bound >= 1);
  // Draw again above the largest multiple of bound, so that every remainder is equally likely.
  const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit = max - max % bound;
  std::uint64_t value = next_u64();
  while (value >= limit) value = next_u64();
  return value % bound;
}

void SystemRng::fill(std::span<std::uint8_t> out) noexcept {
  std::size_t at = 0;
  while (at < out.size()) {
    const ssize_t got = ::getrandom(out.data() + at, out.size() - at, 0);
    if (got < 0 && errno == EINTR) continue;
    KHIEN_ASSERT(got > 0);  // without randomness no key or code may be made
    at += static_cast<std::size_t>(got);
  }
}

void SeededRng::fill(std::span<std::uint8_t> out) noexcept {
  // Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
  std::size_t at = 0;
  while (at < out.size()) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const std::size_t size = out.size() - at < sizeof z ? out.size() - at : sizeof z;
    std::memcpy(out.data() + at, &z, size);
    at += size;
  }
}

}  // namespace khien
