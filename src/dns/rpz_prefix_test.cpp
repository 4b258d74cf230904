#include "dns/rpz_prefix.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

std::optional<RpzPrefix> prefix_of(std::string_view labels) {
  return parse_rpz_prefix(name_of(std::string{labels} + "."));
}

TEST(RpzPrefix, ReadsIpv4LeastSignificantFirst) {
  const auto prefix = prefix_of("24.0.2.0.192");
  ASSERT_TRUE(prefix.has_value());
  EXPECT_FALSE(prefix->is_v6);
  EXPECT_EQ(prefix->length, 24);
  EXPECT_EQ(prefix->base, (std::array<std::uint8_t, 16>{192, 0, 2, 0}));
}

TEST(RpzPrefix, ReadsIpv6WithAndWithoutItsRunOfZeros) {
  const std::array<std::uint8_t, 16> wanted{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                            0,    0,    0,    0,    0, 1, 0, 2};
  for (const auto text :
       {"128.2.1.zz.db8.2001", "128.2.1.0.0.0.0.DB8.2001", "128.2.1.0.ZZ.db8.2001"}) {
    const auto prefix = prefix_of(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_TRUE(prefix->is_v6) << text;
    EXPECT_EQ(prefix->base, wanted) << text;
  }
  EXPECT_EQ(prefix_of("32.zz.db8.2001")->length, 32);
  EXPECT_EQ(prefix_of("0.zz")->length, 0);
  // Four parts are IPv6 only where a run says so.
  EXPECT_TRUE(prefix_of("128.1.zz.db8.2001")->is_v6);
}

TEST(RpzPrefix, RefusesWhatIsNoWholeAddress) {
  for (const auto text :
       {"24", "24.2.0.192", "33.1.2.0.192", "32.256.2.0.192", "32.a.2.0.192", "32.01.2.0.192",
        "24.1.2.0.192", "129.zz.db8.2001", "128.1.0.0.0.0.db8.2001", "128.1.zz.zz.db8.2001",
        "128.1.2.3.4.5.6.7.8.9", "128.zz.1.2.3.4.5.6.7.8", "128.10000.zz.2001", "x.0.2.0.192",
        "16.zz.db8.2001"}) {
    EXPECT_FALSE(prefix_of(text).has_value()) << text;
  }
}

TEST(RpzPrefix, RoundTrip) {
  for (const auto text : {"24.0.2.0.192", "32.1.100.51.198", "8.0.0.0.10", "128.2.1.zz.db8.2001",
                          "32.zz.db8.2001", "48.zz.ffff.db8.2001"}) {
    const auto prefix = prefix_of(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_EQ(prefix_of(rpz_prefix_labels(*prefix)), prefix) << text;
  }
}

}  // namespace
}  // namespace khien::dns
