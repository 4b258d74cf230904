// Secrets at rest (TOTP secrets, contact data): XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03,
// libsodium) with one key a deployment, kept in a file that only the service may read. Any thread.
//
//   sealed = nonce (24 octets) || ciphertext || tag (16 octets)
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace khien::crypto {

constexpr std::size_t seal_overhead_size = 24 + 16;

/// A 32-octet key; wiped when it dies.
class SealKey {
 public:
  static constexpr std::size_t size = 32;
  explicit SealKey(const std::array<std::uint8_t, size>& key) noexcept : key_(key) {}
  [[nodiscard]] static SealKey generate(Rng& rng);
  SealKey(const SealKey&) = default;
  SealKey& operator=(const SealKey&) = default;
  ~SealKey();

  [[nodiscard]] const std::array<std::uint8_t, size>& octets() const noexcept { return key_; }

 private:
  std::array<std::uint8_t, size> key_;
};

/// Encrypts `plaintext`. `context` is authenticated, not stored: the same octets must be given to
/// open(). Use it to tie a secret to its place, as in "totp:" + account id, so that nobody who can
/// write rows can move one account's secret to another.
[[nodiscard]] Octets seal(const SealKey& key, Bytes plaintext, std::string_view context, Rng& rng);

/// The plaintext. corrupt if anything was changed, the key is another, or the context differs.
[[nodiscard]] Result<Octets> open(const SealKey& key, Bytes sealed, std::string_view context);

/// Reads the 32 octets at `path`, or makes the file (mode 0600) from `rng` if it does not exist.
/// corrupt if it has another size. Losing this file loses every sealed secret: back it up apart.
[[nodiscard]] Result<SealKey> load_or_create_seal_key(const std::filesystem::path& path, Rng& rng);

}  // namespace khien::crypto
