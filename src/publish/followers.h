// The followers of our zones as the operator keeps them: STATE/followers.json says who may take
// which zones and who is told; STATE/keys/NAME.key holds each key. khienctl writes, khiend reads
// and reads again when the file changes. Format:
//   [{"name": "isp-a", "key": "isp-a", "addresses": ["192.0.2.0/24"], "zones": ["orders-fraud"],
//   "notify": ["192.0.2.1:53"], "pins": ["base64 of 32 octets"], "ring": "own"}]
// with at least one of "key", "addresses" and "pins"; no "zones" means all, no "ring" means "all":
// those get nothing that is on trial (ADR 0307).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "publish/access.h"

namespace khien::publish {

struct Follower {
  std::string name;                             ///< a-z, 0-9 and '-', 1 to 40 characters
  bool signs = false;                           ///< requests are signed with the key of its name
  std::vector<net::Prefix> addresses = {};      ///< empty: from anywhere, with the key
  std::vector<crypto::Sha256Digest> pins = {};  ///< keys of TLS clients, one of which it must have
  std::vector<std::string> zones = {};          ///< ids; empty: all
  std::vector<net::SocketAddress> notify = {};
  Ring ring = Ring::all;
  /// Of a key that is made; one that is there keeps its own. Not in the file.
  dns::TsigAlgorithm algorithm = dns::TsigAlgorithm::hmac_sha256;
};

[[nodiscard]] std::filesystem::path followers_path(const std::filesystem::path& state);
[[nodiscard]] std::filesystem::path follower_key_path(const std::filesystem::path& state,
                                                      std::string_view name);

/// An absent file is no followers. malformed with a sentence for the operator.
[[nodiscard]] Result<std::vector<Follower>> read_followers(const std::filesystem::path& state);
/// Replaces the file whole.
[[nodiscard]] Result<void> write_followers(const std::filesystem::path& state,
                                           const std::vector<Follower>& followers);
/// Adds or replaces the one of that name, and makes its key if it signs and has none.
/// invalid_argument for a bad name.
[[nodiscard]] Result<void> put_follower(const std::filesystem::path& state,
                                        const Follower& follower, Rng& rng);
/// not_found if nobody follows under that name.
[[nodiscard]] Result<void> set_follower_ring(const std::filesystem::path& state,
                                             std::string_view name, Ring ring);
/// What it may take, in the order of all_zones().
[[nodiscard]] std::vector<const ZoneFacts*> zones_of(const Follower& follower);
/// What Primary::set_access() takes: rules with their keys read, and with the serials of their
/// catalogs as of `now_s`, which are written down first (assign_catalog_serials()).
[[nodiscard]] Result<Access> load_access(const std::filesystem::path& state, std::int64_t now_s);

/// RFC 7858 section 4.2: base64 of SHA-256 of a SubjectPublicKeyInfo. malformed.
[[nodiscard]] Result<crypto::Sha256Digest> parse_pin(std::string_view text);

/// Zone ids of the bases "emergency", "orders", "feeds", "choice", "pass" or single ids, with
/// commas between. invalid_argument for a word that is none, and for trial zones: a follower's ring
/// says which it takes.
[[nodiscard]] Result<std::vector<std::string>> zones_of_bases(std::string_view words);

}  // namespace khien::publish
