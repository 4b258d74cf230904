#include "net/service_url.h"

#include <algorithm>

#include "net/address.h"

namespace khien::net {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::uint16_t http_port = 80;

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t size_max = 253;
  return !text.empty() && text.size() <= size_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

}  // namespace

Result<ServiceUrl> ServiceUrl::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::malformed, std::string{why} +
                                          "; expected a URL such as "
                                          "https://khiend.example/path");
  };
  if (text.size() > service_url_size_max || !is_plain(text)) return bad("no URL");
  ServiceUrl url;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.is_encrypted = false;
  } else {
    return bad("neither https:// nor http://");
  }
  const auto slash = std::min(text.find('/'), text.size());
  const std::string_view authority = text.substr(0, slash);
  if (slash < text.size()) url.path = text.substr(slash);
  if (url.path.find_first_of("?#") != std::string::npos || authority.find('@') != authority.npos) {
    return bad("user name, query or fragment in it");
  }
  std::string_view host = authority;
  url.port = url.is_encrypted ? https_port : http_port;
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon != authority.npos) {
    host = authority.substr(0, colon);
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port || *port == 0) return bad("no port");
    url.port = *port;
  }
  if (bracket != authority.npos) {
    if (!host.starts_with('[') || !host.ends_with(']')) return bad("no host");
    host = host.substr(1, host.size() - 2);
    const auto ip = IpAddress::parse(host);
    if (!ip || ip->is_v4()) return bad("no address in the brackets");
  } else if (!is_host_name(host)) {
    return bad("no host");
  }
  url.host = host;
  if (url.is_encrypted) return url;
  const auto ip = IpAddress::parse(host);
  if (ip ? ip->is_loopback() : host == "localhost") return url;
  return fail(ErrorCode::denied,
              "the key must not cross a network in the clear: https://, or http:// to loopback");
}

std::string to_string(const ServiceUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::uint16_t usual = url.is_encrypted ? https_port : http_port;
  return std::string{url.is_encrypted ? "https://" : "http://"} +
         (is_v6 ? "[" + url.host + "]" : url.host) +
         (url.port == usual ? "" : ":" + std::to_string(url.port)) + url.path;
}

std::string host_and_port(const ServiceUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

}  // namespace khien::net
