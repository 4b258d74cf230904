#include "text/extract_scan.h"

#include <unicode/uchar.h>

#include "base/assert.h"
#include "text/normalise.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

char plain_form(char32_t value, std::string_view octets) {
  if (value < 0x80) return ascii_lower(octets)[0];
  const std::string folded = fold(octets);
  if (folded.size() == 1) return folded[0];
  return u_isalnum(static_cast<UChar32>(value)) != 0 ? ScanText::foreign_letter
                                                     : ScanText::foreign_sign;
}

}  // namespace

ScanText::ScanText(std::string text) : text_(std::move(text)) {
  std::size_t at = 0;
  while (at < text_.size()) {
    const auto rest = std::string_view{text_}.substr(at);
    const auto point = next_code_point(rest);
    KHIEN_ASSERT(point.has_value());
    plain_.push_back(plain_form(point->value, rest.substr(0, point->size)));
    offset_.push_back(at);
    at += point->size;
  }
  offset_.push_back(at);
  taken_.resize(plain_.size());
}

std::string_view ScanText::written(std::size_t from, std::size_t to) const noexcept {
  KHIEN_ASSERT(from <= to && to <= plain_.size());
  return std::string_view{text_}.substr(offset_[from], offset_[to] - offset_[from]);
}

bool ScanText::take(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (taken_[i]) return false;
  }
  for (std::size_t i = from; i < to; ++i) taken_[i] = true;
  return true;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == ScanText::foreign_letter;
}

}  // namespace khien::text
