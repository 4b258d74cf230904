#include "text/ip.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/assert.h"

namespace khien::text {
namespace {

constexpr std::size_t ip_text_size_max = 45;  // INET6_ADDRSTRLEN without the final zero

// One part of a loose IPv4 address; 64 bits cannot overflow for the length we allow.
std::optional<std::uint64_t> loose_number(std::string_view part) {
  if (part.empty() || part.size() > 16) return std::nullopt;
  unsigned base = 10;
  if (part.size() >= 2 && part[0] == '0' && (part[1] == 'x' || part[1] == 'X')) {
    part.remove_prefix(2);
    base = 16;
  } else if (part.size() >= 2 && part[0] == '0') {
    part.remove_prefix(1);
    base = 8;
  }
  std::uint64_t value = 0;
  for (const char c : part) {
    unsigned digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.empty() || text.size() > ip_text_size_max) return std::nullopt;
  const std::string terminated{text};
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.octets.data()) == 1) return address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.octets.data()) == 1) {
    address.is_v6 = true;
    return address;
  }
  return std::nullopt;
}

std::optional<IpAddress> parse_ipv4_loose(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  std::array<std::uint64_t, 4> parts{};
  std::size_t count = 0;
  for (;;) {
    const auto dot = text.find('.');
    const auto value = loose_number(text.substr(0, dot));
    if (!value || count == parts.size()) return std::nullopt;
    parts[count++] = *value;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  // All but the last part are one octet each; the last fills what is left.
  std::uint64_t whole = parts[count - 1];
  if (whole >= (std::uint64_t{1} << (8 * (5 - count)))) return std::nullopt;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (parts[i] > 255) return std::nullopt;
    whole |= parts[i] << (8 * (3 - i));
  }
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) {
    address.octets[i] = static_cast<std::uint8_t>(whole >> (8 * (3 - i)));
  }
  return address;
}

std::string to_string(const IpAddress& address) {
  std::array<char, ip_text_size_max + 1> buffer{};
  const char* text = inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.octets.data(),
                               buffer.data(), static_cast<socklen_t>(buffer.size()));
  KHIEN_ASSERT(text != nullptr);
  return text;
}

}  // namespace khien::text
