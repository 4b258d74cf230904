#include "crypto/seal.h"

#include <sodium.h>

#include <algorithm>

#include "base/assert.h"
#include "base/file.h"

namespace khien::crypto {
namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(seal_overhead_size == nonce_size + tag_size);
static_assert(SealKey::size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

}  // namespace

SealKey SealKey::generate(Rng& rng) {
  std::array<std::uint8_t, size> octets{};
  rng.fill(octets);
  SealKey key{octets};
  sodium_memzero(octets.data(), octets.size());
  return key;
}

SealKey::~SealKey() { sodium_memzero(key_.data(), key_.size()); }

Octets seal(const SealKey& key, Bytes plaintext, std::string_view context, Rng& rng) {
  Octets sealed(seal_overhead_size + plaintext.size());
  // Random nonces of 192 bits do not meet by chance; that is why this cipher and not AES-GCM.
  rng.fill(std::span{sealed}.first(nonce_size));
  const Bytes bound = as_bytes(context);
  KHIEN_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                   sealed.data() + nonce_size, nullptr, plaintext.data(), plaintext.size(),
                   bound.data(), bound.size(), nullptr, sealed.data(), key.octets().data()) == 0);
  return sealed;
}

Result<Octets> open(const SealKey& key, Bytes sealed, std::string_view context) {
  if (sealed.size() < seal_overhead_size)
    return fail(ErrorCode::corrupt, "sealed box is too short");
  Octets plaintext(sealed.size() - seal_overhead_size);
  const Bytes nonce = sealed.first(nonce_size);
  const Bytes box = sealed.subspan(nonce_size);
  const Bytes bound = as_bytes(context);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext.data(), nullptr, nullptr, box.data(),
                                                 box.size(), bound.data(), bound.size(),
                                                 nonce.data(), key.octets().data()) != 0)
    return fail(ErrorCode::corrupt, "sealed box does not open: changed, or sealed by another key");
  return plaintext;
}

Result<SealKey> load_or_create_seal_key(const std::filesystem::path& path, Rng& rng) {
  auto content = read_file(path, SealKey::size);
  if (content) {
    if (content->size() != SealKey::size) return fail(ErrorCode::corrupt, "seal key file is short");
    std::array<std::uint8_t, SealKey::size> octets{};
    std::copy(content->begin(), content->end(), octets.begin());
    return SealKey{octets};
  }
  if (content.error().code == ErrorCode::limit_exceeded)
    return fail(ErrorCode::corrupt, "seal key file is too long");
  if (content.error().code != ErrorCode::not_found)
    return propagate(std::move(content).error(), "read seal key");

  auto key = SealKey::generate(rng);
  if (auto written = write_file_atomically(path, key.octets(), FileAccess::owner); !written)
    return propagate(std::move(written).error(), "write seal key");
  return key;
}

}  // namespace khien::crypto
