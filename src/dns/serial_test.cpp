#include "dns/serial.h"

#include <gtest/gtest.h>

namespace khien::dns {
namespace {

TEST(Serial, OrdersOnTheCircle) {
  EXPECT_TRUE(serial_before(1, 2));
  EXPECT_FALSE(serial_before(2, 1));
  EXPECT_FALSE(serial_before(2, 2));
  EXPECT_TRUE(serial_before(0xFFFF'FFFF, 0));
  EXPECT_TRUE(serial_before(0xFFFF'FFF0, 5));
  EXPECT_EQ(serial_add(0xFFFF'FFFF, 2), 1U);
}

// RFC 1982 section 3.2 leaves this pair undefined; neither may pass for newer.
TEST(Serial, HalfTheCircleIsNeitherBeforeNorAfter) {
  EXPECT_FALSE(serial_before(0, 0x8000'0000));
  EXPECT_FALSE(serial_before(0x8000'0000, 0));
  EXPECT_TRUE(serial_before(0, 0x7FFF'FFFF));
}

TEST(Serial, OursPassOverZero) {
  EXPECT_EQ(serial_next(7), 8U);
  EXPECT_EQ(serial_next(0xFFFF'FFFE), 0xFFFF'FFFFU);
  EXPECT_EQ(serial_next(0xFFFF'FFFF), 1U);
  EXPECT_TRUE(serial_before(0xFFFF'FFFF, serial_next(0xFFFF'FFFF)));
  std::uint32_t serial = 0xFFFF'FFFA;
  for (std::uint32_t steps = 0; steps < 12; ++steps, serial = serial_next(serial)) {
    EXPECT_EQ(serial_steps(0xFFFF'FFFA, serial), steps) << serial;
  }
}

}  // namespace
}  // namespace khien::dns
