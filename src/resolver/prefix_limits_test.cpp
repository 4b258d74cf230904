#include "resolver/prefix_limits.h"

#include <gtest/gtest.h>

namespace khien::resolver {
namespace {

using Admission = PrefixLimits::Admission;
using Cost = PrefixLimits::Cost;

net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }

TEST(PrefixLimits, CountOpenConnectionsByNetwork) {
  PrefixLimits limits{{.open_max = 2}};
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("192.0.2.200"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("192.0.2.3"), Cost::connection, 0), Admission::too_many_open);
  EXPECT_EQ(limits.admit(ip("198.51.100.1"), Cost::connection, 0), Admission::admitted);
  limits.release(ip("192.0.2.1"));
  EXPECT_EQ(limits.admit(ip("192.0.2.3"), Cost::connection, 0), Admission::admitted);
}

TEST(PrefixLimits, TakeAWholeV6SiteAsOneNetworkAndAMappedClientAsItsIpv4Self) {
  PrefixLimits limits{{.open_max = 1}};
  EXPECT_EQ(limits.admit(ip("2001:db8:0:1::1"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("2001:db8:0:ff::2"), Cost::connection, 0), Admission::too_many_open);
  EXPECT_EQ(limits.admit(ip("2001:db8:0:100::1"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("::ffff:192.0.2.9"), Cost::connection, 0), Admission::too_many_open);
}

TEST(PrefixLimits, LetHandshakesThroughAtTheirRate) {
  PrefixLimits limits{{.open_max = 100, .handshakes_burst = 3, .handshakes_per_second = 2}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 0), Admission::admitted);
  }
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 0), Admission::too_fast);
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 499), Admission::too_fast);
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 500), Admission::admitted);
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 501), Admission::too_fast);
}

TEST(PrefixLimits, CountWhatWasRefusedAgainstNobody) {
  PrefixLimits limits{{.open_max = 1, .handshakes_burst = 1, .handshakes_per_second = 1}};
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 0), Admission::admitted);
  for (int i = 0; i < 100; ++i) {
    EXPECT_NE(limits.admit(ip("192.0.2.1"), Cost::handshake, 0), Admission::admitted);
  }
  limits.release(ip("192.0.2.1"));
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 1'000), Admission::admitted);
}

TEST(PrefixLimits, ForgetANetworkOnceThereIsNothingToCount) {
  PrefixLimits limits{{.handshakes_burst = 10, .handshakes_per_second = 1}};
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::handshake, 0), Admission::admitted);
  limits.forget(10'000);
  EXPECT_EQ(limits.prefix_count(), 1U);  // its connection is open
  limits.release(ip("192.0.2.1"));
  EXPECT_EQ(limits.admit(ip("198.51.100.1"), Cost::handshake, 10'000), Admission::admitted);
  limits.release(ip("198.51.100.1"));
  limits.forget(10'999);
  EXPECT_EQ(limits.prefix_count(), 1U);  // its handshake is not paid yet
  limits.forget(11'000);
  EXPECT_EQ(limits.prefix_count(), 0U);
}

TEST(PrefixLimits, HoldABoundedNumberOfNetworks) {
  PrefixLimits limits{{}};
  for (std::size_t i = 0; i < limits_prefixes_max; ++i) {
    const auto address = net::IpAddress::v4(
        {10, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1});
    ASSERT_EQ(limits.admit(address, Cost::connection, 0), Admission::admitted);
  }
  EXPECT_EQ(limits.admit(ip("192.0.2.1"), Cost::connection, 0), Admission::table_full);
  EXPECT_EQ(limits.admit(ip("10.0.0.2"), Cost::connection, 0), Admission::admitted);
  EXPECT_EQ(limits.prefix_count(), limits_prefixes_max);
}

}  // namespace
}  // namespace khien::resolver
