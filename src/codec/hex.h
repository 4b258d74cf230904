// Base 16 (RFC 4648 section 8), written in lower case.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

[[nodiscard]] std::string hex(Bytes bytes);
/// Either case. malformed for an odd size or any other character.
[[nodiscard]] Result<Octets> parse_hex(std::string_view text);

}  // namespace khien::codec
