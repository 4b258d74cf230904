// The two forms that text takes inside Khiên: NFC for what is kept and shown, and a folded form for
// matching, in which "Đăng nhập", "DANG NHAP" and "dang nhap" are one. Convert once, at the border.
// Unicode 15 (ICU 72). Pure functions of their arguments; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::text {

/// What to_nfc() and fold() take at most. Longer text belongs into evidence, not into a field.
constexpr std::size_t normalise_size_max = std::size_t{16} << 20U;

/// `text` in NFC (UAX #15). malformed if it is not valid UTF-8 (reason "bad_utf8"); limit_exceeded
/// above normalise_size_max. ASCII costs one pass.
[[nodiscard]] Result<std::string> to_nfc(std::string_view text);

/// Decomposed form (NFD), for tests and for letter-by-letter work; same errors.
[[nodiscard]] Result<std::string> to_nfd(std::string_view text);

/// The form for matching: NFKC case folding (also full-width to ASCII, ligatures apart, invisible
/// characters gone), then every combining mark of U+0300..U+036F removed, and đ (and ð, which
/// people type for it) as d. Vietnamese becomes ASCII; other scripts keep their letters. NFC and
/// NFD input give the same, and fold(fold(x)) == fold(x). Ill-formed octets become U+FFFD; text
/// above normalise_size_max is cut there.
[[nodiscard]] std::string fold(std::string_view text);

/// `text` without characters that have no width or turn the direction of others, which hide words
/// from a filter or a reader: zero-width and bidirectional controls, soft hyphen, variation
/// selectors, tags, and control characters other than tab and line feed. Valid UTF-8 stays valid.
[[nodiscard]] std::string strip_invisible(std::string_view text);

/// Every run of white space (Unicode White_Space) as one space, none at the ends: for one line.
[[nodiscard]] std::string collapse_whitespace(std::string_view text);

/// What a form field becomes: strip_invisible, NFC, collapse_whitespace. limit_exceeded if the
/// result has more than `size_max` octets; malformed as to_nfc().
[[nodiscard]] Result<std::string> clean_line(std::string_view text, std::size_t size_max);

/// As clean_line(), but lines stay: CR LF and CR become LF, at most one empty line in a row.
[[nodiscard]] Result<std::string> clean_text(std::string_view text, std::size_t size_max);

}  // namespace khien::text
