#include "codec/base64.h"

#include <cstdint>

namespace khien::codec {
namespace {

constexpr std::string_view standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string write(Bytes bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;  // bits in hand, the oldest highest
  for (const std::uint8_t octet : bytes) {
    bits = bits << 8 | octet;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += alphabet[bits >> count & 63];
    }
  }
  if (count > 0) text += alphabet[bits << (6 - count) & 63];
  return text;
}

Result<Octets> read(std::string_view text, std::string_view alphabet) {
  if (text.size() % 4 == 1) return fail(ErrorCode::malformed, "base64 of an impossible size");
  Octets octets;
  octets.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos)
      return fail(ErrorCode::malformed, "character outside base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    octets.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  if ((bits & ((1U << count) - 1)) != 0)
    return fail(ErrorCode::malformed, "base64 with bits left over");
  return octets;
}

}  // namespace

std::string base64(Bytes bytes) {
  std::string text = write(bytes, standard);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<Octets> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(ErrorCode::malformed, "base64 without its padding");
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return read(text, standard);
}

std::string base64url(Bytes bytes) { return write(bytes, url); }
Result<Octets> parse_base64url(std::string_view text) { return read(text, url); }

}  // namespace khien::codec
