// How many networks asked for a name, without keeping which: HyperLogLog (Flajolet et al. 2007)
// with 256 registers, 256 octets, a standard error of 1.04 / sqrt(256) = 6.5 %; small numbers by
// counting empty registers (the same paper, section 4). A value; no thread, no key.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace khien::resolver {

class NetworkSketch {
 public:
  /// `hash` must be uniform in 32 bits; the same one again changes nothing.
  void add(std::uint32_t hash) noexcept {
    constexpr int register_bits = 8;
    const std::uint32_t rest = hash >> register_bits;
    // Position of the first one in the 24 bits that are left; 25 where there is none.
    const int rank = rest == 0 ? 25 : std::countr_zero(rest) + 1;
    std::uint8_t& at = registers_[hash & 0xFF];
    at = std::max(at, static_cast<std::uint8_t>(rank));
  }

  [[nodiscard]] std::uint32_t estimate() const noexcept {
    constexpr double m = register_count;
    constexpr double alpha = 0.7213 / (1 + 1.079 / m);
    double sum = 0;
    int empty = 0;
    for (const std::uint8_t rank : registers_) {
      sum += std::ldexp(1.0, -rank);
      empty += rank == 0 ? 1 : 0;
    }
    double estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && empty != 0) estimate = m * std::log(m / empty);
    return static_cast<std::uint32_t>(std::lround(estimate));
  }

  /// Registers that are not empty: never more than there were hashes.
  [[nodiscard]] std::uint32_t occupied() const noexcept {
    return static_cast<std::uint32_t>(register_count - std::ranges::count(registers_, 0));
  }

 private:
  static constexpr int register_count = 256;
  std::array<std::uint8_t, register_count> registers_{};
};

}  // namespace khien::resolver
