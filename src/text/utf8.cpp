#include "text/utf8.h"

#include <algorithm>

#include "base/assert.h"

namespace khien::text {
namespace {

bool is_continuation(char octet) noexcept {
  return (static_cast<unsigned char>(octet) & 0xC0U) == 0x80U;
}

}  // namespace

std::optional<CodePoint> next_code_point(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return CodePoint{first, 1};
  std::size_t size = 0;
  char32_t value = 0;
  char32_t least = 0;  // below it the form is overlong
  if ((first & 0xE0U) == 0xC0U) {
    size = 2, value = first & 0x1FU, least = 0x80;
  } else if ((first & 0xF0U) == 0xE0U) {
    size = 3, value = first & 0x0FU, least = 0x800;
  } else if ((first & 0xF8U) == 0xF0U) {
    size = 4, value = first & 0x07U, least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return std::nullopt;
    value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return std::nullopt;
  }
  return CodePoint{value, size};
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char octet) { return static_cast<unsigned char>(octet) < 0x80; });
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto point = next_code_point(text);
    if (!point) return false;
    text.remove_prefix(point->size);
  }
  return true;
}

void append_utf8(std::string& out, char32_t value) {
  KHIEN_ASSERT(value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF));
  const auto put = [&out](char32_t octet) { out.push_back(static_cast<char>(octet)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0U | (value >> 6U));
    put(0x80U | (value & 0x3FU));
  } else if (value < 0x10000) {
    put(0xE0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  } else {
    put(0xF0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3FU));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  }
}

std::string ascii_lower(std::string_view text) {
  std::string out{text};
  for (char& octet : out) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view white = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

}  // namespace khien::text
