#include "http/forwarded.h"

#include <algorithm>
#include <string>

namespace khien::http {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// All values of `name` as one list, as RFC 9110 section 5.3 joins them.
std::string joined(const Headers& headers, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : headers.all()) {
    if (!same_name(key, name)) continue;
    if (!all.empty()) all += ',';
    all += value;
  }
  return all;
}

}  // namespace

Origin origin_of(const net::IpAddress& peer, bool secure, const Headers& headers,
                 const std::vector<net::Prefix>& trusted_proxies) {
  const auto is_trusted = [&](const net::IpAddress& ip) {
    return std::ranges::any_of(trusted_proxies, [&](const auto& p) { return p.contains(ip); });
  };
  Origin origin{.client = peer.unmapped(), .secure = secure};
  if (!is_trusted(origin.client)) return origin;

  const auto proto = joined(headers, "X-Forwarded-Proto");
  const auto last_comma = proto.rfind(',');
  const std::string_view nearest =
      std::string_view{proto}.substr(last_comma == std::string::npos ? 0 : last_comma + 1);
  if (!proto.empty()) origin.secure = same_name(trimmed(nearest), "https");

  const auto chain = joined(headers, "X-Forwarded-For");
  std::string_view left = chain;
  while (!left.empty() && is_trusted(origin.client)) {
    const auto comma = left.rfind(',');
    const auto entry = trimmed(left.substr(comma == std::string_view::npos ? 0 : comma + 1));
    const auto ip = net::IpAddress::parse(entry);
    if (!ip) return origin;
    origin.client = ip->unmapped();
    left = left.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return origin;
}

}  // namespace khien::http
