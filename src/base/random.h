// Random octets as an argument, so that a test can seed them.
#pragma once

#include <cstdint>
#include <span>

namespace khien {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual void fill(std::span<std::uint8_t> out) noexcept = 0;

  /// 64 random bits.
  [[nodiscard]] std::uint64_t next_u64() noexcept;
  /// Uniform in [0, bound); `bound` must be at least 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
};

/// getrandom(2): fit for keys and codes. Thread-safe. Aborts where the kernel has no randomness.
class SystemRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override;
};

/// splitmix64 from a seed: the same octets in every run. For tests and simulation only; one thread.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(std::uint64_t seed) noexcept : state_(seed) {}
  void fill(std::span<std::uint8_t> out) noexcept override;

 private:
  std::uint64_t state_;
};

}  // namespace khien
