// Apart from utf8.cpp, so that programs which only check UTF-8 do not load ICU.
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "text/utf8.h"

namespace khien::text {
namespace {

struct Close {
  void operator()(UBreakIterator* iterator) const noexcept { ubrk_close(iterator); }
  void operator()(UText* utext) const noexcept { utext_close(utext); }
};

// The last code point boundary at or before `size`.
std::size_t code_point_boundary(std::string_view text, std::size_t size) noexcept {
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
    --size;
  return size;
}

}  // namespace

std::string_view truncate(std::string_view text, std::size_t size_max) {
  if (text.size() <= size_max) return text;
  const std::size_t fallback = code_point_boundary(text, size_max);
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<UText, Close> source{
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status)};
  std::unique_ptr<UBreakIterator, Close> clusters{
      ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &status)};
  if (U_FAILURE(status)) return text.substr(0, fallback);
  ubrk_setUText(clusters.get(), source.get(), &status);
  // Native indices of a UTF-8 UText are octets. preceding(n) is the last boundary before n.
  const auto limit = static_cast<std::int32_t>(std::min<std::size_t>(size_max, INT32_MAX - 1));
  if (U_FAILURE(status)) return text.substr(0, fallback);
  const std::int32_t boundary =
      ubrk_isBoundary(clusters.get(), limit) != 0 ? limit : ubrk_preceding(clusters.get(), limit);
  if (boundary <= 0) return text.substr(0, fallback);
  return text.substr(0, code_point_boundary(text, static_cast<std::size_t>(boundary)));
}

}  // namespace khien::text
