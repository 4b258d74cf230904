// From which serial zones go on that are begun anew, as after a restore: above all that followers
// may have, on the circle of RFC 1982. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "dns/serial.h"

namespace khien::publish {

/// A day's changes at one a second, for what was served after the backup was made.
constexpr std::uint32_t serial_floor_margin = 86'400;

/// `now_s` is the time in seconds: a zone changes more rarely than once a second, so none that
/// began at a time of its own is ahead of it. `known` are serials that were served, the last of
/// each zone; one that is further on the circle counts instead. Never 0.
[[nodiscard]] constexpr std::uint32_t floor_above(std::span<const std::uint32_t> known,
                                                  std::uint32_t now_s) noexcept {
  std::uint32_t latest = now_s;
  for (const std::uint32_t serial : known) {
    if (dns::serial_before(latest, serial)) latest = serial;
  }
  const std::uint32_t floor = dns::serial_add(latest, serial_floor_margin);
  return floor == 0 ? 1 : floor;
}

}  // namespace khien::publish
