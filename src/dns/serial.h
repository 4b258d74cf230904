// Serial number arithmetic (RFC 1982) with SERIAL_BITS 32, as zone serials use it.
#pragma once

#include <cstdint>

namespace khien::dns {

/// True if `a` comes before `b` on the circle. Two serials exactly 2^31 apart are not ordered
/// (RFC 1982 section 3.2): both directions are false.
[[nodiscard]] constexpr bool serial_before(std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t ahead = b - a;
  return ahead != 0 && ahead < 0x8000'0000;
}

/// `steps` further on the circle; at most 2^31 - 1 steps are meaningful.
[[nodiscard]] constexpr std::uint32_t serial_add(std::uint32_t a, std::uint32_t steps) noexcept {
  return a + steps;
}

/// The serial after `a` in zones of ours. They pass over 0 on their way round: to some servers it
/// means "never loaded", and they would fetch the zone anew.
[[nodiscard]] constexpr std::uint32_t serial_next(std::uint32_t a) noexcept {
  return a == 0xFFFF'FFFF ? 1 : a + 1;
}

/// How often serial_next() leads from `from` to `to`; neither is 0.
[[nodiscard]] constexpr std::uint32_t serial_steps(std::uint32_t from, std::uint32_t to) noexcept {
  return to - from - (to < from ? 1 : 0);
}

}  // namespace khien::dns
