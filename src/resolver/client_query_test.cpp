#include "resolver/client_query.h"

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

Octets with_options(std::vector<std::pair<std::uint16_t, Octets>> options) {
  return packet_of({.name = "a.example", .options = std::move(options)});
}

Fault fault_of(Bytes packet, Transport transport = Transport::udp) {
  return read_query(packet, transport).fault;
}

TEST(ClientQuery, UnderstandsTheOptionsThatItKnowsAndPassesOverOthers) {
  const Octets cookie(8, 7);
  const Octets packet = with_options({{65'001, {1, 2, 3}},
                                      {dns::option_cookie, cookie},
                                      {dns::option_client_subnet, {0, 1, 24, 0, 192, 0, 2}},
                                      {dns::option_extended_error, {0, 0}},
                                      {dns::option_padding, Octets(10)}});
  const auto query = read_query(packet, Transport::dot);
  EXPECT_EQ(query.fault, Fault::none);
  EXPECT_EQ(to_octets(query.cookie), cookie);
  EXPECT_TRUE(query.wants_structured);
  EXPECT_TRUE(query.wants_padding);
  EXPECT_FALSE(read_query(packet, Transport::udp).wants_padding) << "anybody may look";
  EXPECT_FALSE(read_query(packet, Transport::tcp).wants_padding);
  EXPECT_TRUE(read_query(packet, Transport::doh).wants_padding);
}

TEST(ClientQuery, AsksForStructuredErrorsOnlyByAnEmptyOne) {
  const auto wants = [](Octets data) {
    const Octets packet = with_options({{dns::option_extended_error, std::move(data)}});
    return read_query(packet, Transport::udp).wants_structured;
  };
  EXPECT_TRUE(wants({0, 0}));
  EXPECT_FALSE(wants({}));
  EXPECT_FALSE(wants({0}));
  EXPECT_FALSE(wants({0, 15}));
  EXPECT_FALSE(wants({0, 0, 'x'}));
}

TEST(ClientQuery, RefusesACookieOfASizeThatNoneHas) {
  for (std::size_t size = 0; size <= 48; ++size) {
    const bool good = size == 8 || (size >= 16 && size <= 40);
    EXPECT_EQ(fault_of(with_options({{dns::option_cookie, Octets(size)}})),
              good ? Fault::none : Fault::formerr)
        << size;
  }
}

TEST(ClientQuery, TakesTheFirstOfSeveralCookies) {
  const Octets packet =
      with_options({{dns::option_cookie, Octets(8, 1)}, {dns::option_cookie, Octets(8, 2)}});
  EXPECT_EQ(to_octets(read_query(packet, Transport::udp).cookie), Octets(8, 1));
}

TEST(ClientQuery, RefusesOptionsThatEndEarly) {
  const Octets packet = with_options({{65'001, {1, 2, 3}}});
  for (std::size_t cut = 1; cut < 7; ++cut) {
    Octets shorter{packet.begin(), packet.end() - static_cast<std::ptrdiff_t>(cut)};
    EXPECT_EQ(fault_of(shorter), Fault::formerr) << cut;  // RDLENGTH says more than there is
    const std::size_t rdata_size = 7 - cut;
    dns::store_u16(shorter, shorter.size() - rdata_size - 2,
                   static_cast<std::uint16_t>(rdata_size));
    EXPECT_EQ(fault_of(shorter), Fault::formerr) << cut;  // the option says more
  }
}

// RFC 6891 section 6.1.1: one OPT, in the additional section.
TEST(ClientQuery, RefusesASecondOptAndOneElsewhere) {
  const Octets plain = packet_of({.name = "a.example"});
  constexpr std::size_t opt_size = 11;
  Octets two = plain;
  two.insert(two.end(), plain.end() - opt_size, plain.end());
  dns::store_u16(two, 10, 2);
  EXPECT_EQ(fault_of(two), Fault::formerr);
  for (const std::size_t count_at : {6U, 8U}) {  // answer, authority
    Octets elsewhere = plain;
    dns::store_u16(elsewhere, 10, 0);
    dns::store_u16(elsewhere, count_at, 1);
    EXPECT_EQ(fault_of(elsewhere), Fault::formerr) << count_at;
  }
  Octets named = packet_of({.name = "a.example", .edns = false});
  named.insert(named.end(), {1, 'x', 0});  // an OPT that is not at the root
  named.insert(named.end(), plain.end() - opt_size + 1, plain.end());
  dns::store_u16(named, 10, 1);
  EXPECT_EQ(fault_of(named), Fault::formerr);
}

TEST(ClientQuery, TakesAPayloadSizeBelow512As512) {
  for (const auto& [offered, taken] : {std::pair{0, 512}, std::pair{511, 512}, std::pair{512, 512},
                                       std::pair{1'000, 1'000}, std::pair{4'096, 1'232}}) {
    const Octets packet =
        packet_of({.name = "a.example", .payload_size = static_cast<std::uint16_t>(offered)});
    EXPECT_EQ(read_query(packet, Transport::udp).answer_size_max, static_cast<std::size_t>(taken));
    EXPECT_EQ(read_query(packet, Transport::tcp).answer_size_max, dns::message_size_max);
  }
}

// RFC 6891 section 6.1.4: flags that we do not know are ignored, and not sent back.
TEST(ClientQuery, IgnoresUnknownFlags) {
  Octets packet = packet_of({.name = "a.example"});
  dns::store_u16(packet, packet.size() - 4, 0x7FFF);
  const auto query = read_query(packet, Transport::udp);
  EXPECT_EQ(query.fault, Fault::none);
  EXPECT_FALSE(query.dnssec_ok);
}

}  // namespace
}  // namespace khien::resolver
