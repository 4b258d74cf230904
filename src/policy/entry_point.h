// By which door a client came in: a listening address, the server name of its TLS handshake, or the
// path of its DoH request, as one number that a transport computes once a connection and a policy
// document computes from the same text. It is a hash, so that numbers need no register and stay
// what they are when a document is read again; two texts of one document with the same number are
// refused when it is read. Clients choose server names and paths themselves: nothing secret hangs
// on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace khien::policy {

using EntryPoint = std::uint64_t;
constexpr EntryPoint no_entry_point = 0;

enum class EntryKind : std::uint8_t {
  listener,  ///< "192.0.2.1:53", "[2001:db8::1]:53": as to_string(net::SocketAddress) writes it
  dot_name,  ///< the server name of the handshake; ASCII case does not matter
  doh_path,  ///< "/dns-query/lop-1": the path of the request without its query, octet by octet
};

/// FNV-1a over the kind and the text; never no_entry_point.
[[nodiscard]] constexpr EntryPoint entry_point(EntryKind kind, std::string_view text) noexcept {
  constexpr std::uint64_t prime = 0x0000'0100'0000'01B3;
  std::uint64_t hash = (0xCBF2'9CE4'8422'2325 ^ static_cast<std::uint64_t>(kind)) * prime;
  for (const char c : text) {
    const bool fold = kind == EntryKind::dot_name && c >= 'A' && c <= 'Z';
    hash = (hash ^ static_cast<std::uint8_t>(fold ? c + 32 : c)) * prime;
  }
  return hash == no_entry_point ? 1 : hash;
}

}  // namespace khien::policy
