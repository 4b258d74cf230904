#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium/crypto_shorthash_siphash24.h>

#include "base/assert.h"

namespace khien::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context make_context() {
  Context context{EVP_MD_CTX_new()};
  KHIEN_ASSERT(context != nullptr);
  return context;
}

// Fetched once: a lookup by name for every hash costs more than hashing a ledger leaf.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  KHIEN_ASSERT(method != nullptr);
  return method;
}

template <std::size_t size>
std::array<std::uint8_t, size> hmac(const EVP_MD* method, Bytes key, Bytes data) {
  std::array<std::uint8_t, size> out{};
  unsigned int written = 0;
  // HMAC() takes a null key as "the key of last time", so the empty key needs an address.
  static constexpr std::uint8_t nothing = 0;
  const void* key_data = key.empty() ? &nothing : key.data();
  const auto* done = HMAC(method, key_data, static_cast<int>(key.size()), data.data(), data.size(),
                          out.data(), &written);
  KHIEN_ASSERT(done != nullptr && written == size);
  return out;
}

}  // namespace

struct Sha256::State {
  Context context = make_context();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  KHIEN_ASSERT(EVP_DigestInit_ex(state_->context.get(), sha256_method(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(Bytes data) {
  KHIEN_ASSERT(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  KHIEN_ASSERT(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  KHIEN_ASSERT(EVP_DigestInit_ex(state_->context.get(), sha256_method(), nullptr) == 1);
  return digest;
}

Sha256Digest sha256(Bytes data) {
  // One context a thread, so that hashing many short records does not allocate each time.
  thread_local const Context context = make_context();
  Sha256Digest digest{};
  KHIEN_ASSERT(EVP_DigestInit_ex(context.get(), sha256_method(), nullptr) == 1);
  KHIEN_ASSERT(EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1);
  KHIEN_ASSERT(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha512Digest sha512(Bytes data) {
  Sha512Digest digest{};
  KHIEN_ASSERT(
      EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha512(), nullptr) == 1);
  return digest;
}

Sha1Digest hmac_sha1(Bytes key, Bytes data) { return hmac<20>(EVP_sha1(), key, data); }
Sha256Digest hmac_sha256(Bytes key, Bytes data) { return hmac<32>(EVP_sha256(), key, data); }
Sha512Digest hmac_sha512(Bytes key, Bytes data) { return hmac<64>(EVP_sha512(), key, data); }

SipHash siphash24(const std::array<std::uint8_t, 16>& key, Bytes data) noexcept {
  static_assert(crypto_shorthash_siphash24_KEYBYTES == 16);
  SipHash out;
  static_assert(crypto_shorthash_siphash24_BYTES == sizeof out);
  crypto_shorthash_siphash24(out.data(), data.data(), data.size(), key.data());
  return out;
}

bool constant_time_equal(Bytes a, Bytes b) noexcept {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace khien::crypto
