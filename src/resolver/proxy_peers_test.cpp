#include "resolver/proxy_peers.h"

#include <gtest/gtest.h>

#include "net/testing/proxy_octets.h"

namespace khien::resolver {
namespace {

using Reading = ProxyPeers::Reading;

policy::AddressKey key(std::string_view text) {
  return policy::AddressKey::of(net::IpAddress::parse(text)->octets());
}
net::Prefix prefix(std::string_view text) { return net::Prefix::parse(text).value(); }

Octets wrapped(std::string_view source, std::string_view message) {
  Octets out = net::testing::proxy_octets(net::SocketAddress::parse(source).value(),
                                          net::SocketAddress::parse("198.51.100.1:53").value());
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

TEST(ProxyPeers, AreThoseOfThePrefixesAlone) {
  const ProxyPeers peers{{prefix("192.0.2.0/28"), prefix("2001:db8::/64"), prefix("192.0.2.0/28"),
                          prefix("192.0.2.1")}};
  EXPECT_TRUE(peers.contain(key("192.0.2.1")));
  EXPECT_TRUE(peers.contain(key("192.0.2.15")));
  EXPECT_TRUE(peers.contain(key("2001:db8::5")));
  EXPECT_FALSE(peers.contain(key("192.0.2.16")));
  EXPECT_FALSE(peers.contain(key("2001:db8:0:1::5")));
  EXPECT_TRUE(ProxyPeers{}.empty());
  EXPECT_FALSE(ProxyPeers{}.contain(key("192.0.2.1")));
  EXPECT_TRUE(ProxyPeers{{prefix("0.0.0.0/0")}}.contain(key("198.51.100.9")));
}

TEST(ProxyPeers, SpeakForTheirClients) {
  const ProxyPeers peers{{prefix("192.0.2.1")}};
  const Octets datagram = wrapped("198.51.100.7:4000", "query");
  const auto read = peers.read({.message = datagram, .source = key("192.0.2.1")});
  EXPECT_EQ(read.reading, Reading::accepted);
  EXPECT_EQ(as_text(read.query.message), "query");
  EXPECT_EQ(read.query.source, key("198.51.100.7"));
}

TEST(ProxyPeers, AreNotBelievedFromElsewhere) {
  const ProxyPeers peers{{prefix("192.0.2.1")}};
  const Octets datagram = wrapped("198.51.100.7:4000", "query");
  const auto read = peers.read({.message = datagram, .source = key("192.0.2.2")});
  EXPECT_EQ(read.reading, Reading::plain);
  EXPECT_EQ(read.query.message.size(), datagram.size());
  EXPECT_EQ(read.query.source, key("192.0.2.2"));
}

TEST(ProxyPeers, MustSendAHeader) {
  const ProxyPeers peers{{prefix("192.0.2.1")}};
  const auto read = peers.read({.message = as_bytes("query"), .source = key("192.0.2.1")});
  EXPECT_EQ(read.reading, Reading::refused);
  EXPECT_TRUE(read.query.message.empty());
}

}  // namespace
}  // namespace khien::resolver
