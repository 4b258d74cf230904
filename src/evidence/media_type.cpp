#include "evidence/media_type.h"

#include <algorithm>
#include <iterator>

namespace khien::evidence {

namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

// Two different header fields that every mail on its way has (RFC 5322 section 3.6), the first of
// them in the first line: prose does not begin so.
bool is_mail(std::string_view text) noexcept {
  constexpr std::string_view fields[] = {
      "received:", "from:",        "date:",         "message-id:",
      "subject:",  "return-path:", "delivered-to:", "to:"};
  unsigned seen = 0;
  bool first = true;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    if (line.empty() || line == "\r") break;
    unsigned found = 0;
    for (unsigned i = 0; i < std::size(fields); ++i) {
      if (starts_with_ignoring_case(line, fields[i])) found = 1U << i;
    }
    if (first && found == 0) return false;
    first = false;
    seen |= found;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return (seen & (seen - 1)) != 0;  // at least two
}

}  // namespace

std::string_view sniff_media_type(Bytes head) noexcept {
  const auto text = as_text(head);
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (text.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (text.starts_with("RIFF") &&
      text.substr(std::min<std::size_t>(8, text.size())).starts_with("WEBPVP")) {
    return "image/webp";
  }
  if (text.starts_with("GIF87a") || text.starts_with("GIF89a")) return "image/gif";
  if (text.starts_with("%PDF-")) return "application/pdf";
  // Binary data octets as the standard lists them; UTF-8 has none of them.
  const bool binary = std::any_of(head.begin(), head.end(), [](std::uint8_t octet) {
    return octet <= 0x08 || octet == 0x0b || (octet >= 0x0e && octet <= 0x1a) ||
           (octet >= 0x1c && octet <= 0x1f);
  });
  if (binary || head.empty()) return "application/octet-stream";
  return is_mail(text) ? "message/rfc822" : "text/plain";
}

bool is_picture(std::string_view media_type) noexcept {
  return media_type == "image/png" || media_type == "image/jpeg" || media_type == "image/webp";
}

}  // namespace khien::evidence
