// What a file is, from its first octets alone (WHATWG MIME Sniffing section 6): what the sender
// claims is not looked at. Only types that we keep and show; everything else is
// application/octet-stream.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace khien::evidence {

/// image/png, image/jpeg, image/webp, image/gif, application/pdf, message/rfc822 (a mail),
/// text/plain or application/octet-stream.
[[nodiscard]] std::string_view sniff_media_type(Bytes head) noexcept;
/// PNG, JPEG or WebP: what a report form takes.
[[nodiscard]] bool is_picture(std::string_view media_type) noexcept;

}  // namespace khien::evidence
