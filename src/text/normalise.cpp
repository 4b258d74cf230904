#include "text/normalise.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include "base/assert.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

enum class Form { nfc, nfd, nfkc_casefold };

const icu::Normalizer2& normalizer(Form form) {
  UErrorCode status = U_ZERO_ERROR;
  // ICU keeps these instances itself; they are immutable and never freed while we run.
  const icu::Normalizer2* found = nullptr;
  switch (form) {
    case Form::nfc: found = icu::Normalizer2::getNFCInstance(status); break;
    case Form::nfd: found = icu::Normalizer2::getNFDInstance(status); break;
    case Form::nfkc_casefold: found = icu::Normalizer2::getNFKCCasefoldInstance(status); break;
  }
  // The data is part of the library; without it nothing that we say about text holds.
  KHIEN_ASSERT(U_SUCCESS(status) && found != nullptr);
  return *found;
}

std::string in_form(Form form, std::string_view text) {
  std::string out;
  out.reserve(text.size());
  icu::StringByteSink<std::string> sink{&out};
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece piece{text.data(), static_cast<std::int32_t>(text.size())};
  normalizer(form).normalizeUTF8(0, piece, sink, nullptr, status);
  KHIEN_ASSERT(U_SUCCESS(status));  // only memory can fail here
  return out;
}

Result<std::string> checked(Form form, std::string_view text) {
  if (text.size() > normalise_size_max) {
    return fail(ErrorCode::limit_exceeded, "text is too long to normalise", "text_too_long");
  }
  if (is_ascii(text)) return std::string{text};
  if (!is_valid_utf8(text)) return fail(ErrorCode::malformed, "text is not UTF-8", "bad_utf8");
  return in_form(form, text);
}

bool is_combining_mark(char32_t value) noexcept { return value >= 0x300 && value <= 0x36F; }

bool is_invisible(char32_t c) noexcept {
  if (c < 0x20) return c != '\t' && c != '\n' && c != '\r';
  if (c >= 0x7F && c <= 0x9F) return true;
  return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x115F && c <= 0x1160) ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
         c == 0x3164 || c == 0xFFA0 || (c >= 0xE0000 && c <= 0xE0FFF);
}

bool is_white(char32_t c) noexcept { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

// Calls use(code point, its octets) for each; ill-formed octets one by one as U+FFFD.
template <typename Use>
void for_each_code_point(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto point = next_code_point(text);
    const std::size_t size = point ? point->size : 1;
    use(point ? point->value : char32_t{0xFFFD}, text.substr(0, size));
    text.remove_prefix(size);
  }
}

Result<std::string> within(std::string text, std::size_t size_max) {
  if (text.size() > size_max) {
    return fail(ErrorCode::limit_exceeded,
                "text has more than " + std::to_string(size_max) + " octets", "text_too_long");
  }
  return text;
}

}  // namespace

Result<std::string> to_nfc(std::string_view text) { return checked(Form::nfc, text); }
Result<std::string> to_nfd(std::string_view text) { return checked(Form::nfd, text); }

std::string fold(std::string_view text) {
  if (text.size() > normalise_size_max) text = text.substr(0, normalise_size_max);
  if (is_ascii(text)) return ascii_lower(text);
  const std::string apart = in_form(Form::nfd, in_form(Form::nfkc_casefold, text));
  std::string bare;
  bare.reserve(apart.size());
  for_each_code_point(apart, [&bare](char32_t value, std::string_view) {
    if (is_combining_mark(value)) return;
    append_utf8(bare, value == 0x111 || value == 0xF0 ? U'd' : value);
  });
  return is_ascii(bare) ? bare : in_form(Form::nfc, bare);
}

std::string strip_invisible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_code_point(text, [&out](char32_t value, std::string_view octets) {
    if (!is_invisible(value)) out.append(octets);
  });
  return out;
}

std::string collapse_whitespace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool pending = false;
  for_each_code_point(text, [&](char32_t value, std::string_view octets) {
    if (is_white(value)) {
      pending = !out.empty();
      return;
    }
    if (pending) out.push_back(' ');
    pending = false;
    out.append(octets);
  });
  return out;
}

Result<std::string> clean_line(std::string_view text, std::size_t size_max) {
  auto composed = to_nfc(text);
  if (!composed) return propagate(std::move(composed).error(), "clean a line");
  // Taking out what stood between a letter and its mark may let them compose: NFC comes last.
  auto cleaned = to_nfc(collapse_whitespace(strip_invisible(*composed)));
  if (!cleaned) return cleaned;
  return within(std::move(*cleaned), size_max);
}

Result<std::string> clean_text(std::string_view text, std::size_t size_max) {
  auto composed = to_nfc(text);
  if (!composed) return propagate(std::move(composed).error(), "clean a text");
  std::string plain = strip_invisible(*composed);
  std::string lines;
  lines.reserve(plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool crlf = plain[i] == '\r' && i + 1 < plain.size() && plain[i + 1] == '\n';
    if (!crlf) lines.push_back(plain[i] == '\r' ? '\n' : plain[i]);
  }
  std::string out;
  std::size_t empty_lines = 0;
  std::string_view rest = lines;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string line = collapse_whitespace(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    if (!out.empty()) out.append(empty_lines > 0 ? "\n\n" : "\n");
    empty_lines = 0;
    out.append(line);
  }
  auto cleaned = to_nfc(out);
  if (!cleaned) return cleaned;
  return within(std::move(*cleaned), size_max);
}

}  // namespace khien::text
