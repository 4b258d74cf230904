// An IP address as the policy engine compares it: 128 bits in two host integers, IPv4 in its mapped
// form (::ffff:0:0/96, RFC 4291 section 2.5.5.2), so that a client has one key whatever socket it
// came in by. A value without text forms and without sockets.
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"

namespace khien::policy {

struct AddressKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// 4 or 16 octets in network order.
  [[nodiscard]] static constexpr AddressKey of(Bytes octets) noexcept {
    if (octets.size() == 4) return v4(static_cast<std::uint32_t>(read(octets, 0, 4)));
    KHIEN_ASSERT(octets.size() == 16);
    return {.high = read(octets, 0, 8), .low = read(octets, 8, 8)};
  }
  [[nodiscard]] static constexpr AddressKey v4(std::uint32_t address) noexcept {
    return {.high = 0, .low = v4_mark | address};
  }
  [[nodiscard]] constexpr bool is_v4() const noexcept {
    return high == 0 && (low & ~std::uint64_t{0xFFFF'FFFF}) == v4_mark;
  }
  friend constexpr bool operator==(AddressKey, AddressKey) = default;

 private:
  static constexpr std::uint64_t v4_mark = 0xFFFF'0000'0000;
  [[nodiscard]] static constexpr std::uint64_t read(Bytes octets, std::size_t at,
                                                    std::size_t count) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | octets[at + i];
    return value;
  }
};

}  // namespace khien::policy
