#include "probe/request_signature.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/base64.h"
#include "codec/hex.h"

namespace khien::probe {
namespace {

constexpr std::string_view version = "1";
constexpr std::size_t header_size_max = 512;

// The first line keeps the signature from meaning anything in another protocol.
std::string signed_text(const RequestProof& proof, const RequestLine& line) {
  std::string text = "khien-probe-request/1\n";
  text.append(line.method).append("\n").append(line.path).append("\n");
  text += std::to_string(proof.at_s) + "\n" + codec::base64url(proof.nonce) + "\n" +
          codec::hex(proof.body) + "\n";
  return text;
}

/// Exactly as many octets as `Array` has.
template <typename Array>
bool fill(Array& out, const Result<Octets>& octets) {
  if (!octets || octets->size() != out.size()) return false;
  std::ranges::copy(*octets, out.begin());
  return true;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  // One text for one number, so that one signature has one header.
  if (!is_whole || value < 0 || std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace

std::string sign_request(const crypto::Ed25519Key& key, const RequestLine& line,
                         std::string_view body, InstantMs now_ms, Rng& rng) {
  RequestProof proof{.key = key.public_key(), .at_s = now_ms / ms_per_second};
  rng.fill(proof.nonce);
  proof.body = crypto::sha256(body);
  proof.signature = key.sign(as_bytes(signed_text(proof, line)));
  return std::string{authorization_scheme} + std::string{version} + "." + key_text(proof.key) +
         "." + std::to_string(proof.at_s) + "." + codec::base64url(proof.nonce) + "." +
         codec::hex(proof.body) + "." + codec::base64url(proof.signature);
}

std::optional<RequestProof> read_proof(std::string_view header) {
  if (header.size() > header_size_max || !header.starts_with(authorization_scheme)) {
    return std::nullopt;
  }
  header.remove_prefix(authorization_scheme.size());
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dot = header.find('.');
    const bool is_last = i + 1 == parts.size();
    if (is_last != (dot == std::string_view::npos)) return std::nullopt;
    parts[i] = header.substr(0, dot);
    if (!is_last) header.remove_prefix(dot + 1);
  }
  const auto at_s = whole_number(parts[2]);
  const auto digest = codec::parse_hex(parts[4]);
  RequestProof proof;
  const bool good =
      parts[0] == version && at_s && fill(proof.key, codec::parse_base64url(parts[1])) &&
      fill(proof.nonce, codec::parse_base64url(parts[3])) && fill(proof.body, digest) &&
      codec::hex(*digest) == parts[4] && fill(proof.signature, codec::parse_base64url(parts[5]));
  if (!good) return std::nullopt;
  proof.at_s = *at_s;
  return proof;
}

bool is_signed(const RequestProof& proof, const RequestLine& line) {
  return crypto::ed25519_verify(proof.key, as_bytes(signed_text(proof, line)), proof.signature);
}

std::string key_text(const crypto::Ed25519PublicKey& key) { return codec::base64url(key); }

std::optional<crypto::Ed25519PublicKey> read_key(std::string_view text) {
  crypto::Ed25519PublicKey key{};
  if (!fill(key, codec::parse_base64url(text))) return std::nullopt;
  return key;
}

}  // namespace khien::probe
