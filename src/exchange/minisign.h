// Signatures in the form of minisign (https://jedisct1.github.io/minisign/), so that people check
// our lists with a tool that their system has: Ed25519 over the BLAKE2b-512 of a file ("ED"),
// beside it a trusted comment that is signed, too. Keys of ours have no password: they lie in
// khiend's own folder. The older form "Ed", over the file itself, is refused. Pure functions; any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/blake2b.h"
#include "crypto/signature.h"

namespace khien::exchange {

constexpr std::size_t minisign_text_max = 10'240;            // octets of a signature file
constexpr std::size_t minisign_trusted_comment_max = 8'191;  // as minisign reads it

/// Tells which key signed; no secret and no proof.
using MinisignKeyId = std::array<std::uint8_t, 8>;

class MinisignPublicKey {
 public:
  /// The id is made from the key, so that one key has one id.
  explicit MinisignPublicKey(const crypto::Ed25519PublicKey& key);
  /// A key file of two lines, or its second line alone. malformed ("bad_key") otherwise.
  [[nodiscard]] static Result<MinisignPublicKey> parse(std::string_view text);

  /// The 56 characters that `minisign -P` takes.
  [[nodiscard]] std::string text() const;
  /// A file that `minisign -p` takes.
  [[nodiscard]] std::string file_text() const;
  /// As minisign prints it: 16 digits of hexadecimal.
  [[nodiscard]] std::string id_text() const;
  [[nodiscard]] const MinisignKeyId& id() const noexcept { return id_; }
  [[nodiscard]] const crypto::Ed25519PublicKey& key() const noexcept { return key_; }

  friend bool operator==(const MinisignPublicKey&, const MinisignPublicKey&) = default;

 private:
  MinisignPublicKey() = default;
  MinisignKeyId id_{};
  crypto::Ed25519PublicKey key_{};
};

/// The text of a .minisig file for a file with that digest. `trusted_comment` is one line of at
/// most minisign_trusted_comment_max octets.
[[nodiscard]] std::string sign_minisign(const crypto::Ed25519Key& key,
                                        const crypto::Blake2bDigest& digest,
                                        std::string_view trusted_comment);

/// The trusted comment, if `signature` (the text of a .minisig file) is `key`'s over a file with
/// that digest and over the comment. malformed ("bad_signature_file"), or denied: "other_key" or
/// "bad_signature".
[[nodiscard]] Result<std::string> verify_minisign(const MinisignPublicKey& key,
                                                  const crypto::Blake2bDigest& digest,
                                                  std::string_view signature);

}  // namespace khien::exchange
