#include "crypto/testing/es256_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>

#include "base/assert.h"

namespace khien::crypto::testing {

struct Es256Key::State {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  State() { KHIEN_ASSERT(key != nullptr); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_PKEY_free(key); }
};

Es256Key::Es256Key() : state_(std::make_unique<State>()) {
  std::array<std::uint8_t, 65> point{};
  std::size_t size = 0;
  KHIEN_ASSERT(EVP_PKEY_get_octet_string_param(state_->key, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                               point.size(), &size) == 1);
  KHIEN_ASSERT(size == point.size());
  x_.assign(point.begin() + 1, point.begin() + 33);
  y_.assign(point.begin() + 33, point.end());
}
Es256Key::Es256Key(Es256Key&&) noexcept = default;
Es256Key& Es256Key::operator=(Es256Key&&) noexcept = default;
Es256Key::~Es256Key() = default;

Octets Es256Key::sign(Bytes message) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  KHIEN_ASSERT(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, state_->key) == 1);
  std::array<std::uint8_t, 80> buffer{};
  std::size_t size = buffer.size();
  KHIEN_ASSERT(EVP_DigestSign(context, buffer.data(), &size, message.data(), message.size()) == 1);
  EVP_MD_CTX_free(context);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace khien::crypto::testing
