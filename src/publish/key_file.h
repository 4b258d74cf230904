// Zone transfer keys in files: made, written once readable by the owner alone, read back. The text
// is BIND's, so that an operator includes the file as it is; khien-dnsd and khiend read the same.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "dns/tsig.h"

namespace khien::publish {

constexpr std::size_t key_secret_size_max = 512;
constexpr std::size_t key_file_size_max = 4'096;

/// A new key, its secret as long as the digest (RFC 8945 section 8). invalid_argument if `name` is
/// not a name.
[[nodiscard]] Result<dns::TsigKey> make_key(
    std::string_view name, Rng& rng,
    dns::TsigAlgorithm algorithm = dns::TsigAlgorithm::hmac_sha256);

/// `key "name" { algorithm hmac-sha256; secret "…"; };`
[[nodiscard]] std::string key_text(const dns::TsigKey& key);
/// Reads what key_text() writes, with any white space. malformed for anything else, with no part of
/// the secret in the message.
[[nodiscard]] Result<dns::TsigKey> parse_key_text(std::string_view text);

/// Writes the key (mode 0600). conflict if the file exists: a key is never replaced silently.
[[nodiscard]] Result<void> write_key_file(const std::filesystem::path& path,
                                          const dns::TsigKey& key);
/// denied if the file is readable by others than its owner and group.
[[nodiscard]] Result<dns::TsigKey> read_key_file(const std::filesystem::path& path);

}  // namespace khien::publish
