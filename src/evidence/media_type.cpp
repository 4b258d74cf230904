#include "evidence/media_type.h"

#include <algorithm>

namespace khien::evidence {

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
  return binary || head.empty() ? "application/octet-stream" : "text/plain";
}

bool is_picture(std::string_view media_type) noexcept {
  return media_type == "image/png" || media_type == "image/jpeg" || media_type == "image/webp";
}

}  // namespace khien::evidence
