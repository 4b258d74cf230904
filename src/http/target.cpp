#include "http/target.h"

#include <fmt/format.h>

#include <algorithm>

namespace khien::http {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

tl::unexpected<Error> bad_target(std::string message) {
  return fail(ErrorCode::malformed, std::move(message), "bad_target");
}

/// One decoded segment of a path that can stand between two slashes and mean only itself.
Result<std::string> parse_segment(std::string_view text) {
  auto segment = percent_decode(text, Plus::literal);
  if (!segment) return segment;
  if (*segment == "." || *segment == "..") return bad_target("a dot segment in the path");
  const auto forbidden = [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::ranges::any_of(*segment, forbidden)) {
    return bad_target("an encoded separator or control character in the path");
  }
  return segment;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::space) c = ' ';
    if (text[i] == '%') {
      const int high = text.size() - i > 2 ? hex_digit(text[i + 1]) : -1;
      const int low = text.size() - i > 2 ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorCode::malformed, "'%' without two hex digits", "bad_percent");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return fail(ErrorCode::malformed, "a zero octet in text", "bad_percent");
    out += c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<Fields> parse_form(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (fields.size() >= form_fields_max) {
      return fail(ErrorCode::limit_exceeded, "too many form fields", "too_many_fields");
    }
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), Plus::space);
    if (!name) return propagate(std::move(name).error(), "read form field name");
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), Plus::space);
    if (!value) return propagate(std::move(value).error(), "read form field");
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

Result<Target> parse_target(std::string_view text) {
  if (text.size() > target_size_max) return bad_target("the target is too long");
  if (text.empty() || text.front() != '/') return bad_target("expected a path from '/'");
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
           c == '#' || c == '\\' || c == '"' || c == '<' || c == '>';
  };
  if (std::ranges::any_of(text, odd)) return bad_target("a character that must be encoded");

  const auto question = std::min(text.find('?'), text.size());
  Target target;
  std::string_view path = text.substr(1, question - 1);
  std::size_t segments = 0;
  while (true) {
    const auto slash = path.find('/');
    auto segment = parse_segment(path.substr(0, slash));
    if (!segment) return propagate(std::move(segment).error(), "read path");
    // Only the end may be empty: "/" and "/folder/".
    if (segment->empty() && slash != std::string_view::npos) {
      return bad_target("an empty segment in the path");
    }
    if (++segments > path_segments_max) return bad_target("too many segments in the path");
    target.path += '/';
    target.path += *segment;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  auto query = parse_form(text.substr(std::min(question + 1, text.size())));
  if (!query) return propagate(std::move(query).error(), "read query");
  target.query = std::move(*query);
  return target;
}

Fields parse_cookies(std::string_view header) {
  Fields cookies;
  while (!header.empty() && cookies.size() < cookies_max) {
    const auto end = std::min(header.find(';'), header.size());
    const std::string_view pair = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    cookies.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return cookies;
}

}  // namespace khien::http
