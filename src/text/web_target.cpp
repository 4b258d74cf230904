#include "text/web_target.h"

#include <algorithm>

#include "text/host.h"
#include "text/ip.h"

namespace khien::text {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 3986 section 2.3.
bool is_unreserved(char c) noexcept {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// What may stand in a path as it is (section 3.3).
bool is_path_character(char c) noexcept {
  return is_unreserved(c) || std::string_view{"/!$&'()*+,;=:@"}.find(c) != std::string_view::npos;
}

void append_octet(std::string& out, char c) {
  const auto octet = static_cast<unsigned char>(c);
  out += '%';
  out += hex_digits[octet >> 4U];
  out += hex_digits[octet & 15U];
}

/// One form of percent signs: none for unreserved characters, upper case for the others.
std::string one_encoding(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    const bool coded = c == '%' && 2 < path.size() - i && hex_value(path[i + 1]) >= 0 &&
                       hex_value(path[i + 2]) >= 0;
    if (coded) {
      c = static_cast<char>(hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]));
      i += 2;
    } else if (c == '\\') {
      c = '/';  // as browsers read it
    }
    if (coded ? is_unreserved(c) : is_path_character(c)) {
      out += c;
    } else {
      append_octet(out, c);
    }
  }
  return out;
}

/// RFC 3986 section 5.2.4, of a path that begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);  // with the slash before it
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      if (path.empty()) out += '/';
      continue;
    }
    out += segment;
  }
  return out.empty() ? "/" : out;
}

struct Parts {
  std::string_view authority;
  std::string_view path;  // from the first '/', without query and fragment
  bool has_scheme = false;
  bool has_query = false;
};

Parts split(std::string_view written) noexcept {
  Parts parts;
  const auto scheme = written.find("://");
  const auto name = written.substr(0, scheme);
  if (scheme != std::string_view::npos && !name.empty() && std::ranges::all_of(name, [](char c) {
        return is_alnum(c) || c == '+' || c == '-' || c == '.';
      })) {
    parts.has_scheme = true;
    written.remove_prefix(scheme + 3);
  }
  const auto query = std::min(written.find_first_of("?#"), written.size());
  parts.has_query = query < written.size() && written[query] == '?';
  written = written.substr(0, query);
  const auto slash = std::min(written.find_first_of("/\\"), written.size());
  parts.authority = written.substr(0, slash);
  parts.path = written.substr(slash);
  const auto at = parts.authority.rfind('@');
  if (at != std::string_view::npos) parts.authority.remove_prefix(at + 1);
  return parts;
}

/// Cuts ":port" off; false if it is none.
bool take_port(std::string_view& authority, std::string& port) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return true;
  }
  auto digits = authority.substr(colon + 1);
  authority = authority.substr(0, colon);
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return false;
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  if (digits.size() > 5) return false;
  if (!digits.empty() && digits != "80" && digits != "443") port = digits;
  return true;
}

std::optional<std::string> host_of(std::string_view written) {
  const bool bracketed = written.starts_with('[') && written.ends_with(']');
  const auto bare = bracketed ? written.substr(1, written.size() - 2) : written;
  if (const auto ip = parse_ip(bare)) {
    auto canonical = to_string(*ip);
    return canonical.find(':') == std::string::npos ? canonical : "[" + canonical + "]";
  }
  if (bracketed) return std::nullopt;
  auto host = host_from(bare);
  if (!host) return std::nullopt;
  return std::move(*host);
}

}  // namespace

std::string normalise_path(std::string_view path) {
  auto coded = one_encoding(path);
  if (!coded.starts_with('/')) coded.insert(0, 1, '/');
  return without_dot_segments(coded);
}

std::optional<WebTarget> read_web_target(std::string_view written) {
  if (written.size() > web_target_size_max) return std::nullopt;
  auto parts = split(written);
  WebTarget target{.has_query = parts.has_query};
  if (!take_port(parts.authority, target.port)) return std::nullopt;
  auto host = host_of(parts.authority);
  if (!host) return std::nullopt;
  target.host = std::move(*host);
  if (parts.has_scheme || !parts.path.empty()) target.path = normalise_path(parts.path);
  return target;
}

}  // namespace khien::text
