// Base 64 and base64url (RFC 4648 sections 4 and 5). Reading is strict, so that equal octets have
// one text: no white space, no other characters, and the unused last bits are zero.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

/// With padding.
[[nodiscard]] std::string base64(Bytes bytes);
/// malformed unless it is what base64() writes.
[[nodiscard]] Result<Octets> parse_base64(std::string_view text);

/// Without padding, as WebAuthn and JOSE write it.
[[nodiscard]] std::string base64url(Bytes bytes);
/// malformed unless it is what base64url() writes.
[[nodiscard]] Result<Octets> parse_base64url(std::string_view text);

}  // namespace khien::codec
