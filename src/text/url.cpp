#include "text/url.h"

#include <algorithm>
#include <array>

#include "text/host.h"
#include "text/ip.h"
#include "text/normalise.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

struct Defang {
  std::string_view written;
  std::string_view meant;
};

// Compared without case. What stands in brackets is unambiguous; bare "dot" or "chấm" is not.
constexpr std::array<Defang, 21> defangs{
    {{"[.]", "."},    {"(.)", "."},    {"{.}", "."},    {"<.>", "."},     {"[.", "."},
     {"\\.", "."},    {"[dot]", "."},  {"(dot)", "."},  {"{dot}", "."},   {"[chấm]", "."},
     {"(chấm)", "."}, {"[cham]", "."}, {"(cham)", "."}, {"[://]", "://"}, {"[:]", ":"},
     {"[/]", "/"},    {"[at]", "@"},   {"(at)", "@"},   {"[@]", "@"},     {"hxxp", "http"},
     {"h**p", "http"}}};

bool starts_with_fold(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && ascii_lower(text.substr(0, prefix.size())) == prefix;
}

const Defang* defang_at(std::string_view text) {
  if (std::string_view{"[({<\\hH"}.find(text.front()) == std::string_view::npos) return nullptr;
  const auto* found = std::ranges::find_if(defangs, [text](const Defang& candidate) {
    return starts_with_fold(text, candidate.written);
  });
  return found == defangs.end() ? nullptr : found;
}

bool is_joint(char c) noexcept { return c == '.' || c == '/' || c == ':'; }

std::string without_joint_spaces(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ') {
      out.push_back(text[i]);
      continue;
    }
    const auto next = text.find_first_not_of(' ', i);
    const bool after_joint = !out.empty() && is_joint(out.back());
    const bool before_joint = next != std::string_view::npos && is_joint(text[next]);
    if (!after_joint && !before_joint) out.push_back(' ');
  }
  return out;
}

tl::unexpected<Error> bad_url(std::string_view why) {
  return fail(ErrorCode::malformed, "not a web address: " + std::string{why}, "bad_url");
}

// Percent-encodes what may not stand in a path or query (RFC 3986 section 3.3), keeps the rest.
std::string encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool plain = octet > 0x20 && octet < 0x7F &&
                       std::string_view{"\"<>\\^`{|}"}.find(c) == std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(hex[octet >> 4U]);
      out.push_back(hex[octet & 0x0FU]);
    }
  }
  return out;
}

Result<void> read_port(std::string_view digits, Url& url) {
  if (digits.empty()) return {};
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || value > 65'535) {
      return fail(ErrorCode::malformed, "not a port number", "url_port");
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value == 0 || value > 65'535) {
    return fail(ErrorCode::malformed, "port out of range", "url_port");
  }
  const unsigned standard = url.scheme == "http" ? 80 : 443;
  if (value != standard) url.port = static_cast<std::uint16_t>(value);
  return {};
}

Result<void> read_host(std::string_view written, Url& url) {
  if (written.starts_with('[') && written.ends_with(']')) {
    const auto address = parse_ip(written.substr(1, written.size() - 2));
    if (!address || !address->is_v6) return bad_url("no IPv6 address in brackets");
    url.host = to_string(*address);
    url.host_is_ip = true;
    return {};
  }
  if (const auto address = parse_ipv4_loose(written)) {
    url.host = to_string(*address);
    url.host_is_ip = true;
    return {};
  }
  auto host = normalise_host(written);
  if (!host) return tl::unexpected(std::move(host).error());
  url.host = std::move(*host);
  return {};
}

Result<void> read_authority(std::string_view authority, Url& url) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.empty()) return bad_url("no host");
  // The port's colon stands after the bracket of an IPv6 literal.
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    if (auto port = read_port(authority.substr(colon + 1), url); !port) return port;
    authority = authority.substr(0, colon);
  }
  return read_host(authority, url);
}

// Takes "scheme:" off `text`; what has no scheme is https, as browsers now try first.
Result<std::string> take_scheme(std::string_view& text) {
  const auto colon = text.find(':');
  const auto end = text.find_first_of("/?#@.");
  const bool has_scheme = colon != std::string_view::npos && colon < end &&
                          colon + 1 < text.size() &&
                          (text[colon + 1] == '/' || text[colon + 1] == '\\');
  if (!has_scheme) {
    const auto word = ascii_lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    if (word == "javascript" || word == "data" || word == "mailto" || word == "tel") {
      return fail(ErrorCode::malformed, "not a web scheme", "url_scheme");
    }
    return std::string{"https"};
  }
  std::string scheme = ascii_lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") {
    return fail(ErrorCode::malformed, "only http and https are web addresses", "url_scheme");
  }
  text.remove_prefix(colon + 1);
  return scheme;
}

}  // namespace

std::string refang_brackets(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const Defang* defang = defang_at(text)) {
      out.append(defang->meant);
      text.remove_prefix(defang->written.size());
    } else {
      out.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string refang(std::string_view text) {
  // Until nothing changes: "((.))" is twice defanged. Each round is shorter, so it ends.
  std::string plain = without_joint_spaces(refang_brackets(text));
  for (std::string before; before != plain;) {
    before = plain;
    plain = without_joint_spaces(refang_brackets(before));
  }
  return plain;
}

Result<Url> read_url(std::string_view text) {
  if (text.size() > url_size_max) {
    return fail(ErrorCode::limit_exceeded, "web address is too long", "url_too_long");
  }
  auto line = clean_line(text, url_size_max * 2);
  if (!line) return propagate(std::move(line).error(), "read a web address");
  const std::string plain = refang(*line);
  std::string_view rest = plain;
  if (rest.empty()) return bad_url("empty");
  if (rest.find(' ') != std::string_view::npos) return bad_url("white space inside");

  Url url;
  auto scheme = take_scheme(rest);
  if (!scheme) return tl::unexpected(std::move(scheme).error());
  url.scheme = std::move(*scheme);
  while (rest.starts_with('/') || rest.starts_with('\\')) rest.remove_prefix(1);

  rest = rest.substr(0, rest.find('#'));
  const auto authority_end = rest.find_first_of("/?\\");
  if (auto read = read_authority(rest.substr(0, authority_end), url); !read) {
    return tl::unexpected(std::move(read).error());
  }
  rest = authority_end == std::string_view::npos ? std::string_view{} : rest.substr(authority_end);
  const auto query = rest.find('?');
  if (query != std::string_view::npos) url.query = encode(rest.substr(query + 1));
  url.path = encode(rest.substr(0, query));
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  return url;
}

std::string to_string(const Url& url) {
  const bool v6 = url.host_is_ip && url.host.find(':') != std::string::npos;
  std::string out = url.scheme + "://" + (v6 ? "[" + url.host + "]" : url.host);
  if (url.port) out += ":" + std::to_string(*url.port);
  out += url.path;
  if (!url.query.empty()) out += "?" + url.query;
  return out;
}

}  // namespace khien::text
