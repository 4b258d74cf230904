// For tests: octets as published vectors write them. (codec has the real one, and lies above.)
#pragma once

#include <string>

#include "base/bytes.h"

namespace khien::crypto::testing {

inline std::string hex(Bytes bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : bytes) {
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

}  // namespace khien::crypto::testing
