// Who is answered at all.
#include <gtest/gtest.h>

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

constexpr policy::AddressKey ours = policy::AddressKey::v4(0xC000'0205);      // 192.0.2.5
constexpr policy::AddressKey stranger = policy::AddressKey::v4(0xC633'6405);  // 198.51.100.5

EngineOptions served(bool drop = false) {
  const std::array prefixes{policy::PrefixTable::Entry{
      .prefix = {.base = policy::AddressKey::v4(0xC000'0200), .length = 96 + 24}}};
  return {.clients = *policy::PrefixTable::build(prefixes), .drop_refused_clients = drop};
}

/// The EDE option of an answer: code, then text, then the end of the message.
bool says_prohibited(Bytes answer) {
  constexpr std::string_view option{"\x00\x12your network is not served here", 33};
  return as_text(answer).ends_with(option);
}

TEST(ClientAccess, StrangersAreRefusedAndCounted) {
  TestEngine test{served()};
  test.block("orders-phishing", "xau.example");
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    test.client_.source = stranger;
    for (const auto* const name : {"shop.example", "xau.example"}) {
      const Octets answer = test.query({.name = name}, transport);
      ASSERT_FALSE(answer.empty());
      EXPECT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_refused);
      EXPECT_TRUE(says_prohibited(answer));
    }
    test.client_.source = ours;
    EXPECT_EQ(dns::parse_header(test.query({.name = "xau.example"}, transport))->rcode(),
              dns::rcode_nxdomain);
  }
  EXPECT_EQ(test.counters_.value(Count::clients_refused), 4U);
  EXPECT_EQ(test.asked_count_, 0U);
}

TEST(ClientAccess, StrangersGetNothingWhereThatIsChosen) {
  TestEngine test{served(true)};
  test.client_.source = stranger;
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  EXPECT_EQ(test.asked_count_, 0U);
  // Over TCP nobody's address is forged, and a connection without an answer would hang.
  EXPECT_EQ(dns::parse_header(test.query({.name = "shop.example"}, Transport::tcp))->rcode(),
            dns::rcode_refused);
  EXPECT_EQ(test.counters_.value(Count::clients_refused), 2U);
}

TEST(ClientAccess, BadQueriesOfStrangersTellNothing) {
  TestEngine test{served()};
  test.client_.source = stranger;
  const Octets answer = test.query({.name = "shop.example", .version = 1});
  EXPECT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_refused);
  EXPECT_EQ(test.counters_.value(Count::answered_badvers), 0U);
}

TEST(ClientAccess, WithoutAListEverybodyIsServed) {
  TestEngine test;
  test.client_.source = stranger;
  EXPECT_EQ(dns::parse_header(test.query({.name = "shop.example"}))->rcode(), dns::rcode_nxdomain);
}

}  // namespace
}  // namespace khien::resolver
