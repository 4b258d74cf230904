// Integers in our own files: little-endian, by shifts. Wire formats of others are big-endian and
// have their own readers.
#pragma once

#include <concepts>
#include <cstddef>

#include "base/assert.h"
#include "base/bytes.h"

namespace khien::codec {

template <std::unsigned_integral Integer>
void append_little(Octets& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i) & 0xff));
}

/// The integer in the first octets of `bytes`, which the caller has found to be there.
template <std::unsigned_integral Integer>
[[nodiscard]] Integer read_little(Bytes bytes) {
  KHIEN_ASSERT(bytes.size() >= sizeof(Integer));
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    value = static_cast<Integer>(value |
                                 static_cast<Integer>(static_cast<Integer>(bytes[i]) << (8 * i)));
  return value;
}

}  // namespace khien::codec
