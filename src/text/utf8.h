// UTF-8 as octets: validity, reading code points, cutting. What characters mean is in normalise.h.
// Pure functions of their arguments; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace khien::text {

struct CodePoint {
  char32_t value;
  std::size_t size;  // octets, 1..4
};

/// The code point at the start of `text`; nullopt if `text` is empty or does not start with
/// well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
[[nodiscard]] std::optional<CodePoint> next_code_point(std::string_view text) noexcept;

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;
[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

/// Appends `value`, which must be a Unicode scalar value.
void append_utf8(std::string& out, char32_t value);

/// ASCII letters to lower case, every other octet as it is: for DNS names and protocol words.
[[nodiscard]] std::string ascii_lower(std::string_view text);

/// `text` without ASCII white space at both ends; borrowed.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// The longest start of `text` with at most `size_max` octets that ends between two characters as a
/// reader sees them (grapheme clusters, UAX #29): no letter loses its tone mark. Borrowed. A
/// cluster longer than `size_max` is cut between code points, so that the answer is never empty
/// for want of a boundary. `text` must be valid UTF-8.
[[nodiscard]] std::string_view truncate(std::string_view text, std::size_t size_max);

}  // namespace khien::text
