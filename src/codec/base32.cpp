#include "codec/base32.h"

#include <cstdint>

namespace khien::codec {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

std::string base32(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t octet : bytes) {
    bits = bits << 8 | octet;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += alphabet[bits >> count & 31];
    }
  }
  if (count > 0) text += alphabet[bits << (5 - count) & 31];
  return text;
}

Result<Octets> parse_base32(std::string_view text) {
  const std::size_t rest = text.size() % 8;
  if (rest == 1 || rest == 3 || rest == 6)
    return fail(ErrorCode::malformed, "base32 of an impossible size");
  Octets octets;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const std::size_t value = alphabet.find(upper);
    if (value == std::string_view::npos)
      return fail(ErrorCode::malformed, "character outside base32");
    bits = bits << 5 | static_cast<std::uint32_t>(value);
    count += 5;
    if (count < 8) continue;
    count -= 8;
    octets.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  if ((bits & ((1U << count) - 1)) != 0)
    return fail(ErrorCode::malformed, "base32 with bits left over");
  return octets;
}

}  // namespace khien::codec
