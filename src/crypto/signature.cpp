#include "crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"

namespace khien::crypto {
namespace {

constexpr std::size_t p256_coordinate_size = 32;

template <auto free_function>
struct Free {
  template <typename T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

// The public key of an uncompressed point (SEC 1 section 2.3.3), or null if it is not on the curve:
// OpenSSL checks that while it reads the point.
Key p256_key(Bytes x, Bytes y) {
  if (x.size() != p256_coordinate_size || y.size() != p256_coordinate_size) return nullptr;
  std::array<std::uint8_t, 1 + 2 * p256_coordinate_size> point{};
  point[0] = 0x04;
  std::copy(x.begin(), x.end(), point.begin() + 1);
  std::copy(y.begin(), y.end(), point.begin() + 1 + p256_coordinate_size);

  char group[] = "P-256";
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* made = nullptr;
  const bool good =
      context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(parameters.data())) == 1;  // the API takes no const
  Key key{made};
  ERR_clear_error();  // the queue is per thread and must not confuse a later TLS call
  return good ? std::move(key) : nullptr;
}

}  // namespace

Ed25519Key Ed25519Key::generate(Rng& rng) {
  Ed25519Seed seed{};
  rng.fill(seed);
  auto key = from_seed(seed);
  wipe(seed);
  return key;
}

Ed25519Key Ed25519Key::from_seed(const Ed25519Seed& seed) {
  Ed25519Key key;
  KHIEN_ASSERT(crypto_sign_seed_keypair(key.public_key_.data(), key.secret_.data(), seed.data()) ==
               0);
  return key;
}

Ed25519Key::~Ed25519Key() { wipe(secret_); }

Ed25519Seed Ed25519Key::seed() const noexcept {
  Ed25519Seed seed{};
  std::copy_n(secret_.begin(), seed.size(), seed.begin());
  return seed;
}

Ed25519Signature Ed25519Key::sign(Bytes message) const {
  Ed25519Signature signature{};
  KHIEN_ASSERT(crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                                    secret_.data()) == 0);
  return signature;
}

bool ed25519_verify(Bytes public_key, Bytes message, Bytes signature) {
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES || signature.size() != crypto_sign_BYTES)
    return false;
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     public_key.data()) == 0;
}

bool is_p256_point(Bytes x, Bytes y) { return p256_key(x, y) != nullptr; }

bool es256_verify(Bytes x, Bytes y, Bytes message, Bytes der_signature) {
  const Key key = p256_key(x, y);
  if (key == nullptr) return false;
  const DigestContext context{EVP_MD_CTX_new()};
  KHIEN_ASSERT(context != nullptr);
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der_signature.data(), der_signature.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

void wipe(std::span<std::uint8_t> secret) noexcept { sodium_memzero(secret.data(), secret.size()); }

}  // namespace khien::crypto
