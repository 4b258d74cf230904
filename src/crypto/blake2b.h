// BLAKE2b with 64 octets and no key (RFC 7693, libsodium), of what comes in pieces: the hash that
// minisign signs. For all else take SHA-256 (hash.h).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace khien::crypto {

using Blake2bDigest = std::array<std::uint8_t, 64>;

/// One thread at a time.
class Blake2b {
 public:
  Blake2b();
  Blake2b(Blake2b&&) noexcept;
  Blake2b& operator=(Blake2b&&) noexcept;
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  ~Blake2b();

  Blake2b& update(Bytes data);
  Blake2b& update(std::string_view text) { return update(as_bytes(text)); }
  /// The digest of everything so far; afterwards the object starts again, empty.
  [[nodiscard]] Blake2bDigest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace khien::crypto
