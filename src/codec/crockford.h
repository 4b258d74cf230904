// Codes that people read aloud, copy by hand and type on a phone: Crockford's base 32 (0-9 A-Z
// without I L O U) with a check character. What a reporter or objector holds is such a code; we
// store only its hash. A code is a secret: never log it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace khien::codec {

constexpr std::size_t code_bits_min = 80;      // beyond guessing even where nothing limits the rate
constexpr std::size_t code_bits_default = 95;  // with the check character: 5 groups of 4
constexpr std::size_t code_text_size_max = 128;  // what normalise_code() looks at

/// A random code of at least `bits` bits in groups of 4, for example "7KQ2-M4XN-09TD-HV3E-A8R5".
/// The last character checks the others. `bits` must be at least code_bits_min.
[[nodiscard]] std::string random_code(Rng& rng, std::size_t bits = code_bits_default);

/// What a person typed as the one form that is hashed: upper case, no spaces or hyphens, O read as
/// 0, I and L as 1. malformed (reason "bad_code") for other characters or a wrong check character,
/// which catches every single wrong character and nearly every swapped pair.
[[nodiscard]] Result<std::string> normalise_code(std::string_view typed);

/// The check character of `text`, which holds only characters of the alphabet: Luhn's scheme over
/// 32 symbols. Case numbers end in one too.
[[nodiscard]] char code_check(std::string_view text);

}  // namespace khien::codec
