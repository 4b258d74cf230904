#include "codec/crc32c.h"

#include <array>

namespace khien::codec {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41, bits reversed

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][v] is the checksum of octet v followed by k zero octets, so that eight octets can be
// looked up independently and combined ("slicing by 8", Kounavis and Berry 2005).
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t value = 0; value < 256; ++value) {
    std::uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][value] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t value = 0; value < 256; ++value)
      tables[k][value] = (tables[k - 1][value] >> 8) ^ tables[0][tables[k - 1][value] & 0xff];
  }
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t crc32c(Bytes data, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  while (data.size() >= 8) {
    crc ^= std::uint32_t{data[0]} | std::uint32_t{data[1]} << 8 | std::uint32_t{data[2]} << 16 |
           std::uint32_t{data[3]} << 24;
    crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^
          tables[4][crc >> 24] ^ tables[3][data[4]] ^ tables[2][data[5]] ^ tables[1][data[6]] ^
          tables[0][data[7]];
    data = data.subspan(8);
  }
  for (const std::uint8_t octet : data) crc = (crc >> 8) ^ tables[0][(crc ^ octet) & 0xff];
  return ~crc;
}

}  // namespace khien::codec
