// How a probe proves that a request is its own (docs/formats/probe-request.md): an Ed25519
// signature over method, path, time, a nonce and the hash of the body, in one header. What was
// signed can be checked again later by anybody who has the probe's public key. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

namespace khien::probe {

constexpr std::string_view authorization_scheme = "Khien-Probe ";
constexpr std::size_t nonce_size = 16;                          // octets
constexpr std::int64_t request_age_max_ms = 5 * ms_per_minute;  // either way

/// What is signed beside method and path.
struct RequestProof {
  crypto::Ed25519PublicKey key = {};
  std::int64_t at_s = 0;  ///< since 1970
  std::array<std::uint8_t, nonce_size> nonce = {};
  crypto::Sha256Digest body = {};
  crypto::Ed25519Signature signature = {};
};

struct RequestLine {
  std::string_view method;  ///< "POST"
  std::string_view path;    ///< "/api/v1/probe/results", without a query
};

/// The value of Authorization for this request.
[[nodiscard]] std::string sign_request(const crypto::Ed25519Key& key, const RequestLine& line,
                                       std::string_view body, InstantMs now_ms, Rng& rng);
/// What the header says; nullopt for anything but what sign_request() writes.
[[nodiscard]] std::optional<RequestProof> read_proof(std::string_view header);
/// Whether the key in `proof` signed just this. Its time and nonce are the caller's to judge.
[[nodiscard]] bool is_signed(const RequestProof& proof, const RequestLine& line);

/// A public key as people copy it: base64url, 43 characters. nullopt for what is none.
[[nodiscard]] std::string key_text(const crypto::Ed25519PublicKey& key);
[[nodiscard]] std::optional<crypto::Ed25519PublicKey> read_key(std::string_view text);

}  // namespace khien::probe
