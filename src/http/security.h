// What every answer carries so that a browser protects its user, and cookies written safely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace khien::http {

/// No inline script or style, nothing from other origins, no framing, no plug-ins. A page that
/// needs more sets its own Content-Security-Policy, which add_security_headers() leaves alone.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

/// For bytes that strangers uploaded: shown, if at all, in a sandbox without any right.
inline constexpr std::string_view sandbox_policy =
    "default-src 'none'; sandbox; frame-ancestors 'none'";

/// Adds what is missing: CSP, nosniff, no-referrer, COOP, CORP, permissions, "no-store" where no
/// Cache-Control is set, and HSTS (one year) if `secure`.
void add_security_headers(Response& response, bool secure);

enum class SameSite : std::uint8_t { strict, lax };

struct CookieDraft {
  std::string_view name;
  std::string_view value;       ///< cookie octets only (RFC 6265): base64url, hex and digits are
  std::int64_t max_age_s = -1;  ///< below 0: until the browser closes; 0: delete it
  SameSite same_site = SameSite::lax;
  bool secure = true;  ///< false only on plain http://localhost
};

/// Adds Set-Cookie with HttpOnly, Path=/ and no Domain.
void set_cookie(Response& response, const CookieDraft& cookie);

}  // namespace khien::http
