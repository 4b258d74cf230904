#include "exchange/minisign.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/assert.h"
#include "codec/base64.h"
#include "crypto/hash.h"

namespace khien::exchange {
namespace {

constexpr std::string_view key_algorithm = "Ed";
constexpr std::string_view hashed_algorithm = "ED";
constexpr std::string_view untrusted_mark = "untrusted comment: ";
constexpr std::string_view trusted_mark = "trusted comment: ";

/// Cuts the next line off, without its end.
std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Octets joined(std::initializer_list<Bytes> parts) {
  Octets out;
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

tl::unexpected<Error> bad_file(std::string_view why) {
  return fail(ErrorCode::malformed, "this is no signature of minisign: " + std::string{why},
              "bad_signature_file");
}

tl::unexpected<Error> bad_key() {
  return fail(ErrorCode::malformed, "this is no public key of minisign", "bad_key");
}

struct SignatureFile {
  Octets signature;  // algorithm, key id, 64 octets
  std::string trusted_comment;
  Octets global_signature;
};

Result<SignatureFile> read_signature_file(std::string_view text) {
  if (text.size() > minisign_text_max) return bad_file("it is too long");
  if (!take_line(text).starts_with(untrusted_mark)) return bad_file("the first line is another");
  auto signature = codec::parse_base64(take_line(text));
  if (!signature || signature->size() != key_algorithm.size() + sizeof(MinisignKeyId) +
                                             sizeof(crypto::Ed25519Signature)) {
    return bad_file("the second line is another");
  }
  const auto comment = take_line(text);
  if (!comment.starts_with(trusted_mark)) return bad_file("the trusted comment is missing");
  auto global = codec::parse_base64(take_line(text));
  if (!global || global->size() != sizeof(crypto::Ed25519Signature)) {
    return bad_file("the last line is another");
  }
  if (!text.empty()) return bad_file("something stands behind it");
  return SignatureFile{.signature = std::move(*signature),
                       .trusted_comment = std::string{comment.substr(trusted_mark.size())},
                       .global_signature = std::move(*global)};
}

}  // namespace

MinisignPublicKey::MinisignPublicKey(const crypto::Ed25519PublicKey& key) : key_(key) {
  const auto digest = crypto::sha256(Bytes{key});
  std::copy_n(digest.begin(), id_.size(), id_.begin());
}

Result<MinisignPublicKey> MinisignPublicKey::parse(std::string_view text) {
  auto line = take_line(text);
  if (line.starts_with(untrusted_mark)) line = take_line(text);
  const auto octets = codec::parse_base64(line);
  MinisignPublicKey key;
  if (!octets || octets->size() != key_algorithm.size() + key.id_.size() + key.key_.size() ||
      !as_text(*octets).starts_with(key_algorithm) || !text.empty()) {
    return bad_key();
  }
  const auto at = octets->begin() + static_cast<std::ptrdiff_t>(key_algorithm.size());
  std::copy_n(at, key.id_.size(), key.id_.begin());
  std::copy_n(at + static_cast<std::ptrdiff_t>(key.id_.size()), key.key_.size(), key.key_.begin());
  return key;
}

std::string MinisignPublicKey::text() const {
  return codec::base64(joined({as_bytes(key_algorithm), id_, key_}));
}

std::string MinisignPublicKey::file_text() const {
  return fmt::format("{}minisign public key {}\n{}\n", untrusted_mark, id_text(), text());
}

std::string MinisignPublicKey::id_text() const {
  std::string out;  // the number is written little-endian
  for (auto octet = id_.rbegin(); octet != id_.rend(); ++octet)
    out += fmt::format("{:02X}", *octet);
  return out;
}

std::string sign_minisign(const crypto::Ed25519Key& key, const crypto::Blake2bDigest& digest,
                          std::string_view trusted_comment) {
  KHIEN_ASSERT(trusted_comment.size() <= minisign_trusted_comment_max &&
               trusted_comment.find_first_of("\r\n") == std::string_view::npos);
  const MinisignPublicKey own{key.public_key()};
  const auto signature = key.sign(digest);
  const auto global = key.sign(joined({signature, as_bytes(trusted_comment)}));
  return fmt::format("{}signature of Khien, key {}\n{}\n{}{}\n{}\n", untrusted_mark, own.id_text(),
                     codec::base64(joined({as_bytes(hashed_algorithm), own.id(), signature})),
                     trusted_mark, trusted_comment, codec::base64(global));
}

Result<std::string> verify_minisign(const MinisignPublicKey& key,
                                    const crypto::Blake2bDigest& digest,
                                    std::string_view signature) {
  auto file = read_signature_file(signature);
  if (!file) return tl::unexpected<Error>{std::move(file).error()};
  const Bytes octets{file->signature};
  const auto algorithm = as_text(octets.first(hashed_algorithm.size()));
  const auto id = octets.subspan(algorithm.size(), key.id().size());
  const auto signed_digest = octets.subspan(algorithm.size() + id.size());
  if (algorithm != hashed_algorithm)
    return bad_file("it is of the older form, over the whole file");
  if (!std::ranges::equal(id, key.id())) {
    return fail(ErrorCode::denied, "another key signed it than " + key.id_text(), "other_key");
  }
  if (!crypto::ed25519_verify(key.key(), digest, signed_digest)) {
    return fail(ErrorCode::denied, "the signature is not of this file: it was changed",
                "bad_signature");
  }
  const auto commented = joined({signed_digest, as_bytes(file->trusted_comment)});
  if (!crypto::ed25519_verify(key.key(), commented, file->global_signature)) {
    return fail(ErrorCode::denied, "the signature's comment was changed", "bad_signature");
  }
  return std::move(file->trusted_comment);
}

}  // namespace khien::exchange
