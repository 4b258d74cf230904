#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include "net/testing/proxy_octets.h"

namespace khien::net {
namespace {

using testing::proxy_octets;
using testing::ProxyCommand;

const auto client_v4 = SocketAddress::parse("192.0.2.7:4711").value();
const auto client_v6 = SocketAddress::parse("[2001:db8::7]:4712").value();
const auto ours_v4 = SocketAddress::parse("198.51.100.1:53").value();
const auto ours_v6 = SocketAddress::parse("[2001:db8::1]:53").value();

TEST(ProxyHeader, NamesTheClient) {
  const auto v4 = parse_proxy_header(proxy_octets(client_v4, ours_v4));
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->size, 28U);
  EXPECT_EQ(v4->source, client_v4);
  const auto v6 = parse_proxy_header(proxy_octets(client_v6, ours_v6));
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->size, 52U);
  EXPECT_EQ(v6->source, client_v6);
}

TEST(ProxyHeader, EndsBehindItsTlvsAndBeforeTheMessage) {
  Octets octets = proxy_octets(client_v4, ours_v4, ProxyCommand::proxy, 20);
  octets.insert(octets.end(), {1, 2, 3});
  const auto header = parse_proxy_header(octets);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->size, 48U);
  EXPECT_EQ(header->source, client_v4);
}

TEST(ProxyHeader, OfTheBalancerItselfNamesNobody) {
  const auto local = parse_proxy_header(proxy_octets(client_v4, ours_v4, ProxyCommand::local));
  ASSERT_TRUE(local.has_value());
  EXPECT_FALSE(local->source.has_value());
  Octets unspecified = proxy_octets(client_v4, ours_v4);
  unspecified[13] = 0;
  ASSERT_TRUE(parse_proxy_header(unspecified).has_value());
  EXPECT_FALSE(parse_proxy_header(unspecified)->source.has_value());
}

TEST(ProxyHeader, UnmapsAnIpv4ClientInIpv6Form) {
  const auto mapped = SocketAddress::parse("[::ffff:192.0.2.7]:4711").value();
  EXPECT_EQ(parse_proxy_header(proxy_octets(mapped, ours_v6))->source, client_v4);
}

TEST(ProxyHeader, WaitsForEveryPrefixOfAGoodOne) {
  const Octets octets = proxy_octets(client_v6, ours_v6, ProxyCommand::proxy, 7);
  for (std::size_t size = 0; size < octets.size(); ++size) {
    const auto header = parse_proxy_header(Bytes{octets}.first(size));
    ASSERT_FALSE(header.has_value()) << size;
    EXPECT_EQ(header.error(), ProxyFault::truncated) << size;
  }
}

ProxyFault fault_with(std::size_t at, std::uint8_t value) {
  Octets octets = proxy_octets(client_v4, ours_v4);
  octets[at] = value;
  const auto header = parse_proxy_header(octets);
  EXPECT_FALSE(header.has_value());
  return header ? ProxyFault::truncated : header.error();
}

TEST(ProxyHeader, RefusesEachWrongOctetOfTheSignature) {
  for (std::size_t at = 0; at < 12; ++at) EXPECT_EQ(fault_with(at, 0xAA), ProxyFault::not_proxy);
}

TEST(ProxyHeader, RefusesOtherVersionsCommandsAndFamilies) {
  EXPECT_EQ(fault_with(12, 0x11), ProxyFault::not_proxy);
  EXPECT_EQ(fault_with(12, 0x22), ProxyFault::not_proxy);
  EXPECT_EQ(fault_with(13, 0x31), ProxyFault::bad_family);  // a Unix socket
  EXPECT_EQ(fault_with(13, 0x13), ProxyFault::bad_family);
  EXPECT_EQ(fault_with(13, 0x21), ProxyFault::bad_length);  // IPv6 in the room of IPv4
}

TEST(ProxyHeader, IsAtMostAsLongAsItsLimit) {
  const std::size_t most = proxy_body_size_max - 12;
  EXPECT_TRUE(parse_proxy_header(proxy_octets(client_v4, ours_v4, ProxyCommand::proxy, most)));
  const auto longer =
      parse_proxy_header(proxy_octets(client_v4, ours_v4, ProxyCommand::proxy, most + 1));
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error(), ProxyFault::too_long);
}

TEST(ProxyHeader, OfVersion1IsNone) {
  const auto header = parse_proxy_header(as_bytes("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n"));
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error(), ProxyFault::not_proxy);
}

}  // namespace
}  // namespace khien::net
