// How ZoneTable packs one name's state into 32 bits. Internal to zone_table.cpp and zone_cover.cpp.
//
//   bit 31    the holders are in a list of their own, or it is a filler, or just being made
//   bit 30    a holder says domain
//   bit 29    covered: a domain stands above
//   0..28     source of the one holder; with bit 31 all ones for a filler, otherwise zero
#pragma once

#include <cstdint>

#include "publish/zone_table.h"

namespace khien::publish {

constexpr std::uint32_t flag_many = 0x8000'0000;
constexpr std::uint32_t flag_domain = 0x4000'0000;
constexpr std::uint32_t flag_covered = 0x2000'0000;
constexpr std::uint32_t source_mask = 0x1FFF'FFFF;
constexpr std::uint32_t filler_word = flag_many | flag_covered | source_mask;
static_assert(source_count_max == source_mask + 1);

}  // namespace khien::publish
