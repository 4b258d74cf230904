// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds accidents on disk, not forgery.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace khien::codec {

/// The checksum of `data`; pass the checksum of what came before as `before` to go on. Eight octets
/// a step by tables, about 1 ns each.
[[nodiscard]] std::uint32_t crc32c(Bytes data, std::uint32_t before = 0) noexcept;

}  // namespace khien::codec
