#include "crypto/blake2b.h"

#include <sodium/crypto_generichash_blake2b.h>

#include "base/assert.h"

namespace khien::crypto {

struct Blake2b::State {
  crypto_generichash_blake2b_state state;
  void begin() noexcept {
    KHIEN_ASSERT(crypto_generichash_blake2b_init(&state, nullptr, 0, sizeof(Blake2bDigest)) == 0);
  }
};

Blake2b::Blake2b() : state_(std::make_unique<State>()) { state_->begin(); }
Blake2b::Blake2b(Blake2b&&) noexcept = default;
Blake2b& Blake2b::operator=(Blake2b&&) noexcept = default;
Blake2b::~Blake2b() = default;

Blake2b& Blake2b::update(Bytes data) {
  KHIEN_ASSERT(crypto_generichash_blake2b_update(&state_->state, data.data(), data.size()) == 0);
  return *this;
}

Blake2bDigest Blake2b::finish() {
  Blake2bDigest digest{};
  KHIEN_ASSERT(crypto_generichash_blake2b_final(&state_->state, digest.data(), digest.size()) == 0);
  state_->begin();
  return digest;
}

}  // namespace khien::crypto
