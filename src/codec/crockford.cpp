#include "codec/crockford.h"

#include "base/assert.h"

namespace khien::codec {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t group_size = 4;

char as_meant(char c) noexcept {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') return '0';
  if (c == 'I' || c == 'L') return '1';
  return c;
}

}  // namespace

char code_check(std::string_view text) {
  // From the right, every second symbol is doubled and its two base-32 digits added.
  std::size_t sum = 0;
  bool doubled = true;
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    const std::size_t value = alphabet.find(*c);
    KHIEN_ASSERT(value != std::string_view::npos);
    const std::size_t weighed = doubled ? 2 * value : value;
    sum += weighed / 32 + weighed % 32;
    doubled = !doubled;
  }
  return alphabet[(32 - sum % 32) % 32];
}

std::string random_code(Rng& rng, std::size_t bits) {
  KHIEN_ASSERT(bits >= code_bits_min);
  std::string symbols;
  for (std::size_t i = 0; i < (bits + 4) / 5; ++i) symbols += alphabet[rng.below(32)];
  symbols += code_check(symbols);
  std::string code;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i > 0 && i % group_size == 0) code += '-';
    code += symbols[i];
  }
  return code;
}

Result<std::string> normalise_code(std::string_view typed) {
  if (typed.size() > code_text_size_max)
    return fail(ErrorCode::malformed, "code is too long", "bad_code");
  std::string code;
  for (const char c : typed) {
    if (c == ' ' || c == '-') continue;
    const char meant = as_meant(c);
    if (alphabet.find(meant) == std::string_view::npos)
      return fail(ErrorCode::malformed, "character outside a code", "bad_code");
    code += meant;
  }
  if (code.size() < 2 ||
      code_check(std::string_view{code}.substr(0, code.size() - 1)) != code.back())
    return fail(ErrorCode::malformed, "code with a wrong check character", "bad_code");
  return code;
}

}  // namespace khien::codec
