// Random octets for ids, ports and letter case, taken from the kernel by the page: one system call
// for about a thousand upstream queries. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/random.h"

namespace khien::resolver {

class RandomPool final : public Rng {
 public:
  /// `source` is borrowed.
  explicit RandomPool(Rng& source) noexcept : source_(&source) {}

  void fill(std::span<std::uint8_t> out) noexcept override {
    while (!out.empty()) {
      if (at_ == octets_.size()) {
        source_->fill(octets_);
        at_ = 0;
      }
      const std::size_t count = std::min(out.size(), octets_.size() - at_);
      std::memcpy(out.data(), octets_.data() + at_, count);
      std::memset(octets_.data() + at_, 0, count);  // what was used is not found in a core dump
      at_ += count;
      out = out.subspan(count);
    }
  }

 private:
  Rng* source_;
  std::array<std::uint8_t, 4096> octets_{};
  std::size_t at_ = 4096;
};

}  // namespace khien::resolver
