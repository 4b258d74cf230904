#include "crypto/random_stream.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace khien::crypto {

static_assert(RandomStream::key_size == crypto_stream_chacha20_ietf_KEYBYTES);

RandomStream::RandomStream(Rng& seed) noexcept {
  KHIEN_ASSERT(::sodium_init() >= 0);  // chooses the fastest code for this processor
  seed.fill(key_);
}

RandomStream::~RandomStream() {
  ::sodium_memzero(key_.data(), key_.size());
  ::sodium_memzero(octets_.data(), octets_.size());
}

void RandomStream::refill() noexcept {
  // Each key makes one stream only, so the nonce may be the same in all.
  constexpr std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> nonce{};
  KHIEN_ASSERT(::crypto_stream_chacha20_ietf(octets_.data(), octets_.size(), nonce.data(),
                                             key_.data()) == 0);
  std::ranges::copy_n(octets_.begin(), key_size, key_.begin());
  std::fill_n(octets_.begin(), key_size, std::uint8_t{0});
  at_ = key_size;
}

void RandomStream::fill(std::span<std::uint8_t> out) noexcept {
  while (!out.empty()) {
    if (at_ == octets_.size()) refill();
    const std::size_t count = std::min(out.size(), octets_.size() - at_);
    std::memcpy(out.data(), octets_.data() + at_, count);
    std::memset(octets_.data() + at_, 0, count);  // what was used is not found in a core dump
    at_ += count;
    out = out.subspan(count);
  }
}

}  // namespace khien::crypto
