#include "net/address.h"

#include <gtest/gtest.h>

#include "net/public_address.h"

namespace khien::net {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpAddress, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(to_string(ip("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(to_string(ip("2001:DB8:0:0::1")), "2001:db8::1");
  EXPECT_EQ(ip("2001:db8::1").octets().size(), 16U);
  EXPECT_EQ(IpAddress::from_octets(ip("192.0.2.7").octets()).value(), ip("192.0.2.7"));
}

TEST(IpAddress, RefusesWhatIsNotOneLiteral) {
  for (const std::string_view text :
       {"", "192.0.2", "192.0.2.01", "0300.0.2.1", "3221225985", "192.0.2.1 ", "192.0.2.256",
        "fe80::1%eth0", "[::1]", "::1::", "localhost", "1:2:3:4:5:6:7:8:9",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0x", 11)).has_value());
  EXPECT_FALSE(IpAddress::from_octets(as_bytes("12345")).has_value());
}

TEST(IpAddress, UnmapsOnlyMappedAddresses) {
  EXPECT_EQ(ip("::ffff:192.0.2.1").unmapped(), ip("192.0.2.1"));
  EXPECT_EQ(ip("2001:db8::1").unmapped(), ip("2001:db8::1"));
  EXPECT_TRUE(ip("::ffff:127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
}

TEST(SocketAddress, ReadsAndWrites) {
  EXPECT_EQ(to_string(SocketAddress::parse("127.0.0.1:53").value()), "127.0.0.1:53");
  EXPECT_EQ(to_string(SocketAddress::parse("[::1]:53").value()), "[::1]:53");
  EXPECT_EQ(SocketAddress::parse("192.0.2.1:0").value().port, 0);
  EXPECT_EQ(to_string(SocketAddress::parse("2001:db8::1", 53).value()), "[2001:db8::1]:53");
  EXPECT_EQ(to_string(SocketAddress::parse("192.0.2.1:5300", 53).value()), "192.0.2.1:5300");
}

TEST(SocketAddress, RefusesWhatIsAmbiguousOrOpen) {
  for (const std::string_view text :
       {"", ":53", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:5x",
        "::1:53", "[127.0.0.1]:53", "[::1]", "[::1:53", "example:53"}) {
    EXPECT_FALSE(SocketAddress::parse(text).has_value()) << text;
  }
}

TEST(SocketAddress, SurvivesTheSystemForm) {
  for (const std::string_view text : {"192.0.2.1:65535", "[2001:db8::5]:1"}) {
    const auto address = SocketAddress::parse(text).value();
    EXPECT_EQ(from_native(to_native(address)), address);
  }
}

TEST(Prefix, ContainsWhatSharesItsBits) {
  const auto four = Prefix::parse("192.0.2.128/25").value();
  EXPECT_TRUE(four.contains(ip("192.0.2.200")));
  EXPECT_TRUE(four.contains(ip("::ffff:192.0.2.200")));
  EXPECT_FALSE(four.contains(ip("192.0.2.127")));
  EXPECT_FALSE(four.contains(ip("2001:db8::1")));
  const auto six = Prefix::parse("2001:db8::/33").value();
  EXPECT_TRUE(six.contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(six.contains(ip("2001:db8:8000::1")));
  EXPECT_TRUE(Prefix::parse("0.0.0.0/0").value().contains(ip("192.0.2.1")));
  EXPECT_EQ(to_string(Prefix::parse("192.0.2.1").value()), "192.0.2.1/32");
  EXPECT_EQ(to_string(Prefix::of(ip("192.0.2.77"), 24)), "192.0.2.0/24");
}

TEST(Prefix, RefusesLooseBitsAndBadLengths) {
  for (const std::string_view text :
       {"192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/-1", "/24",
        "2001:db8::1/32", "192.0.2.0/2 4"}) {
    EXPECT_FALSE(Prefix::parse(text).has_value()) << text;
  }
}

TEST(IsPublicAddress, RefusesEverySpecialRange) {
  for (const std::string_view text :
       {"0.0.0.0", "0.255.255.255", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
        "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        // IPv6: unspecified, loopback, mapped, NAT64 of private, discard, ULA, link, site,
        // multicast
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:1.1.1.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "100::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1",
        // 6to4 of private, Teredo, documentation, ORCHID, SRv6 SIDs
        "2002:7f00:1::1", "2002:a00:1::", "2001::1", "2001:db8::1", "3fff::1", "2001:20::1",
        "5f00::1"}) {
    EXPECT_FALSE(is_public_address(ip(text))) << text;
  }
}

TEST(IsPublicAddress, AcceptsGlobalUnicast) {
  for (const std::string_view text :
       {"1.0.0.1", "9.255.255.255", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "2400::1", "2606:4700::1", "2001:200::1",
        "2002:100:1::1", "64:ff9b::1.0.0.1"}) {
    EXPECT_TRUE(is_public_address(ip(text))) << text;
  }
}

}  // namespace
}  // namespace khien::net
