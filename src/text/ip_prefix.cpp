#include "text/ip_prefix.h"

#include <algorithm>
#include <charconv>

namespace khien::text {
namespace {

// True if the first `length` bits are the same.
bool share(const IpAddress& a, const IpAddress& b, int length) noexcept {
  const auto whole = static_cast<std::size_t>(length / 8);
  if (!std::equal(a.octets.begin(), a.octets.begin() + whole, b.octets.begin())) return false;
  const int rest = length % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - rest));
  return ((a.octets[whole] ^ b.octets[whole]) & mask) == 0;
}

std::optional<int> length_of(std::string_view digits, int length_max) noexcept {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) {
    return std::nullopt;
  }
  int length = 0;
  const auto* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, length);
  if (read.ec != std::errc{} || read.ptr != end || length < 0 || length > length_max) {
    return std::nullopt;
  }
  return length;
}

}  // namespace

IpPrefix prefix_of(const IpAddress& address, int length) noexcept {
  IpPrefix prefix{.base = {.is_v6 = address.is_v6, .octets = {}}, .length = length};
  for (int bit = 0; bit < length; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    prefix.base.octets[at] |= static_cast<std::uint8_t>(address.octets[at] & (0x80U >> (bit % 8)));
  }
  return prefix;
}

std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int bits = address->is_v6 ? 128 : 32;
  if (slash == std::string_view::npos) return IpPrefix{.base = *address, .length = bits};
  const auto length = length_of(text.substr(slash + 1), bits);
  if (!length) return std::nullopt;
  const auto prefix = prefix_of(*address, *length);
  if (prefix.base.octets != address->octets) return std::nullopt;
  return prefix;
}

bool overlap(const IpPrefix& a, const IpPrefix& b) noexcept {
  return a.base.is_v6 == b.base.is_v6 && share(a.base, b.base, std::min(a.length, b.length));
}

std::string to_string(const IpPrefix& prefix) {
  auto text = to_string(prefix.base);
  if (!prefix.is_address()) text += "/" + std::to_string(prefix.length);
  return text;
}

}  // namespace khien::text
