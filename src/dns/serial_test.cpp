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

}  // namespace
}  // namespace khien::dns
