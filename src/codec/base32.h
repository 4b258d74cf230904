// Base 32 (RFC 4648 section 6) without padding: how TOTP secrets are shown to people and apps.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

/// Upper case, no padding.
[[nodiscard]] std::string base32(Bytes bytes);
/// Either case, no padding, no spaces. malformed for anything else, or if unused last bits are set.
[[nodiscard]] Result<Octets> parse_base32(std::string_view text);

}  // namespace khien::codec
