#include "codec/utf8.h"

#include <cstdint>

namespace khien::codec {
namespace {

// Unicode 15, table 3-7: the second octet's range depends on the first, the rest is 80..BF.
struct Shape {
  std::size_t size;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

Shape shape_of(std::uint8_t first) noexcept {
  if (first < 0x80) return {1, 0, 0};
  if (first >= 0xc2 && first <= 0xdf) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8_sequence_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const Shape shape = shape_of(octet(0));
  if (shape.size <= 1) return shape.size;
  if (text.size() < shape.size) return 0;
  if (octet(1) < shape.second_min || octet(1) > shape.second_max) return 0;
  for (std::size_t i = 2; i < shape.size; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  return shape.size;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace khien::codec
