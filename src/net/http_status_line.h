// The first line of an HTTP/1 answer, for the few clients of ours that speak to our own servers.
#pragma once

#include <optional>
#include <string_view>

namespace khien::net {

/// "HTTP/1.1 204 No Content" gives 204 (RFC 9112 section 4); nullopt for what is no status line.
[[nodiscard]] constexpr std::optional<int> http_status_of(std::string_view line) noexcept {
  constexpr std::string_view version = "HTTP/1.";
  if (!line.starts_with(version) || line.size() < version.size() + 5) return std::nullopt;
  line.remove_prefix(version.size() + 1);
  if (line[0] != ' ' || (line.size() > 4 && line[4] != ' ')) return std::nullopt;
  int status = 0;
  for (const char c : line.substr(1, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace khien::net
