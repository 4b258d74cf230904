#include "base/page_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace khien {
namespace {

constexpr std::size_t huge_page_size = std::size_t{2} << 20;

bool is_zero(std::span<const std::uint8_t> octets) {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

TEST(PageBuffer, IsZeroAndWritableToItsEnds) {
  for (const Pages pages : {Pages::ordinary, Pages::huge}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{4'097}, 2 * huge_page_size + 5}) {
      const PageBuffer buffer{size, pages};
      ASSERT_EQ(buffer.octets().size(), size);
      EXPECT_TRUE(is_zero(buffer.octets()));
      buffer.octets().front() = 1;
      buffer.octets().back() = 1;
    }
  }
}

// Only whole aligned pieces become huge pages.
TEST(PageBuffer, BeginsAtAHugePageWhereItHasRoomForOne) {
  for (int i = 0; i < 8; ++i) {
    const PageBuffer other{4'096};
    const PageBuffer buffer{huge_page_size + 4'096, Pages::huge};
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.octets().data()) % huge_page_size, 0U);
  }
}

TEST(PageBuffer, CountsWhatIsHeldAndTheMost) {
  PageBuffer::forget_most();
  const std::size_t before = PageBuffer::use().now;
  {
    const PageBuffer first{10'000, Pages::huge};
    const PageBuffer second{20'000};
    EXPECT_EQ(PageBuffer::use().now, before + 30'000);
  }
  EXPECT_EQ(PageBuffer::use().now, before);
  EXPECT_EQ(PageBuffer::use().most, before + 30'000);
}

TEST(PageBuffer, MovesWithItsOctets) {
  PageBuffer from{5'000};
  const std::uint8_t* const octets = from.octets().data();
  const PageBuffer to = std::move(from);
  EXPECT_EQ(to.octets().data(), octets);
  EXPECT_TRUE(from.octets().empty());  // NOLINT: what a moved buffer is
}

}  // namespace
}  // namespace khien
