#include "http/security.h"

#include "base/assert.h"

namespace khien::http {
namespace {

void add_missing(Response& response, std::string_view name, std::string_view value) {
  if (!response.headers.find(name)) response.headers.add(name, value);
}

bool is_cookie_text(std::string_view text) noexcept {
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7f || c == '"' || c == ',' || c == ';' || c == '\\') return false;
  }
  return true;
}

}  // namespace

void add_security_headers(Response& response, bool secure) {
  add_missing(response, "Content-Security-Policy", content_security_policy);
  add_missing(response, "X-Content-Type-Options", "nosniff");
  add_missing(response, "X-Frame-Options", "DENY");
  add_missing(response, "Referrer-Policy", "no-referrer");
  add_missing(response, "Cross-Origin-Opener-Policy", "same-origin");
  add_missing(response, "Cross-Origin-Resource-Policy", "same-origin");
  add_missing(response, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  add_missing(response, "Cache-Control", "no-store");
  if (secure) add_missing(response, "Strict-Transport-Security", "max-age=31536000");
}

void set_cookie(Response& response, const CookieDraft& cookie) {
  // Names and values are made by our code, so anything else is a bug of ours.
  KHIEN_ASSERT(!cookie.name.empty() && is_cookie_text(cookie.name));
  KHIEN_ASSERT(is_cookie_text(cookie.value));
  std::string text{cookie.name};
  text += '=';
  text += cookie.value;
  text += "; Path=/; HttpOnly; SameSite=";
  text += cookie.same_site == SameSite::strict ? "Strict" : "Lax";
  if (cookie.secure) text += "; Secure";
  if (cookie.max_age_s >= 0) text += "; Max-Age=" + std::to_string(cookie.max_age_s);
  response.headers.add("Set-Cookie", text);
}

}  // namespace khien::http
