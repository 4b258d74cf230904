// Is it UTF-8 (RFC 3629)? Private to codec, which stands beside `text` and may not use it.
#pragma once

#include <cstddef>
#include <string_view>

namespace khien::codec {

/// The octets of the well-formed sequence at the start of `text`: 1 to 4, or 0 if there is none.
/// Overlong forms, surrogates and values above U+10FFFF are not well-formed.
[[nodiscard]] std::size_t utf8_sequence_size(std::string_view text) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace khien::codec
