// The key file that `khienctl zone key add` writes and BIND reads:
// `key "name" { algorithm hmac-sha256; secret "base64"; };`, or hmac-sha512.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "dns/tsig.h"

namespace khien::resolver {

constexpr std::size_t key_file_size_max = 4'096;

/// malformed, without a part of the secret in the message.
[[nodiscard]] Result<dns::TsigKey> parse_key(std::string_view text);
[[nodiscard]] Result<dns::TsigKey> read_key(const std::filesystem::path& path);

}  // namespace khien::resolver
