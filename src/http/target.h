// Reads what a client wrote into the request target, forms and cookies: strictly, because every
// tolerance here is a second way to name the same thing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace khien::http {

constexpr std::size_t target_size_max = 4'096;  // octets; longer is 400
constexpr std::size_t path_segments_max = 32;   // more is 400
constexpr std::size_t form_fields_max = 256;    // name=value pairs in a query or form; more is 400
constexpr std::size_t cookies_max = 64;         // more are ignored

/// How a '+' is read: as itself in paths, as a space in queries and forms.
enum class Plus { literal, space };

/// %XX decoded. malformed ("bad_percent") if a '%' has no two hex digits after it, or if the result
/// holds a zero octet.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, Plus plus);
/// Everything but unreserved characters (RFC 3986 section 2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// `a=1&b=2` as in a query and in application/x-www-form-urlencoded. Empty pairs are skipped; a
/// pair without '=' has an empty value. malformed; limit_exceeded above form_fields_max.
[[nodiscard]] Result<Fields> parse_form(std::string_view text);

struct Target {
  std::string path = {};
  Fields query = {};
};

/// An origin-form target: "/a/b?c=d". malformed for any other form, control or non-ASCII octets, a
/// fragment, empty or dot segments (also encoded), an encoded slash or backslash.
[[nodiscard]] Result<Target> parse_target(std::string_view text);

/// The pairs of a Cookie header (RFC 6265 section 5.4); what is no pair is left out.
[[nodiscard]] Fields parse_cookies(std::string_view header);

}  // namespace khien::http
