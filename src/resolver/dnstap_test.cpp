// What is written of a message, and how; tests/integration/dnstap_test.py has kdig and dnstap-read
// read whole files.
#include "resolver/dnstap.h"

#include <gtest/gtest.h>

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

const Octets cookie{0xC0, 0x0C, 0xC0, 0x0C, 0xC0, 0x0C, 0xC0, 0x0C};
const Octets subnet{0, 1, 24, 0, 203, 0, 113};
const Octets unknown{0xDE, 0xAD, 0xBE, 0xEF};

Octets query_with_everything() {
  return packet_of({.name = "WwW.shop.Example",
                    .dnssec_ok = true,
                    .id = 0xBEEF,
                    .options = {{dns::option_cookie, cookie},
                                {dns::option_client_subnet, subnet},
                                {65'001, unknown},
                                {dns::option_extended_error, Octets{0, 0, 'x'}}}});
}

Octets tapped(TapKind kind, Bytes message) {
  Octets out;
  return append_tapped_message(kind, message, out) ? out : Octets{};
}

bool holds(Bytes octets, Bytes part) { return !std::ranges::search(octets, part).empty(); }

TEST(TappedMessage, AQueryKeepsItsQuestionAndNothingOfItsClient) {
  const Octets out = tapped(TapKind::client_query, query_with_everything());
  EXPECT_EQ(out, packet_of({.name = "www.shop.example", .dnssec_ok = true, .id = 0}));
}

TEST(TappedMessage, AQueryWithoutEdnsStaysOne) {
  const auto plain = [](std::uint16_t id) {
    return packet_of({.name = "shop.example", .edns = false, .id = id});
  };
  EXPECT_EQ(tapped(TapKind::client_query, plain(9)), plain(0));
}

// A key's name says whose it is.
TEST(TappedMessage, AQueryKeepsNoOtherRecord) {
  Octets query = packet_of({.name = "shop.example", .edns = false});
  const auto record = test_record("khoa.example", "TXT", 0, "x");
  query.insert(query.end(), record.owner.wire().begin(), record.owner.wire().end());
  for (const int part : {0, 250, 0, 255, 0, 0, 0, 0, 0, 0}) {
    query.push_back(static_cast<std::uint8_t>(part));
  }
  query[11] = 1;
  EXPECT_EQ(tapped(TapKind::client_query, query),
            packet_of({.name = "shop.example", .edns = false, .id = 0}));
}

class TapEngine : public testing::Test {
 protected:
  struct Tapped {
    TapKind kind;
    Transport transport;
    Octets message;
  };
  TapEngine() : test_(EngineOptions{.tap = &ring_}) {
    test_.upstream("www.shop.example", "A").answers = {
        test_record("www.shop.example", "CNAME", 300, "shop.example"),
        test_record("shop.example", "A", 300, "192.0.2.10")};
    test_.upstream("www.shop.example", "A").options = {{65'001, unknown}};
  }
  std::vector<Tapped> taken() {
    std::vector<Tapped> all;
    ring_.drain([&](const TapRecord& record) {
      all.push_back({record.kind, record.transport, to_octets(record.message)});
    });
    return all;
  }
  std::atomic<bool> is_on_{true};
  TapRing ring_{is_on_};
  TestEngine test_;
};

TEST_F(TapEngine, TakesWhatClientsAndUpstreamsSay) {
  (void)test_.send(query_with_everything(), Transport::doh);
  (void)test_.send(query_with_everything(), Transport::udp);
  const auto all = taken();
  ASSERT_EQ(all.size(), 6U);
  const std::array kinds{TapKind::client_query,       TapKind::forwarder_query,
                         TapKind::forwarder_response, TapKind::client_response,
                         TapKind::client_query,       TapKind::client_response};
  const std::array ways{Transport::doh, Transport::udp, Transport::udp,
                        Transport::doh, Transport::udp, Transport::udp};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].kind, kinds[i]) << i;
    EXPECT_EQ(all[i].transport, ways[i]) << i;
    const Octets message = tapped(all[i].kind, all[i].message);
    ASSERT_FALSE(message.empty()) << i;
    EXPECT_EQ(dns::load_u16(message, 0), 0) << i;
    for (const Octets* part : {&cookie, &subnet, &unknown}) EXPECT_FALSE(holds(message, *part));
    const auto parsed = dns::parse_message(message);
    ASSERT_TRUE(parsed.has_value()) << i;
    EXPECT_EQ(parsed->question->name.to_text(), "www.shop.example.");
    const auto edns = dns::find_edns(message);
    ASSERT_TRUE(edns.has_value() && edns->has_value()) << i;
    EXPECT_TRUE((*edns)->options.empty()) << i;
    const bool is_response =
        all[i].kind == TapKind::client_response || all[i].kind == TapKind::forwarder_response;
    EXPECT_EQ(parsed->answers.size(), is_response ? 2U : 0U) << i;
  }
}

TEST_F(TapEngine, KeepsTheReasonOfABlock) {
  test_.block("orders-phishing", "scam.example");
  (void)test_.query({.name = "scam.example", .options = {{dns::option_cookie, cookie}}});
  const auto all = taken();
  ASSERT_EQ(all.size(), 2U);
  const Octets message = tapped(all[1].kind, all[1].message);
  const auto edns = dns::find_edns(message);
  ASSERT_TRUE(edns.has_value() && edns->has_value());
  EXPECT_TRUE(dns::find_option(**edns, dns::option_extended_error).has_value());
  EXPECT_FALSE(dns::find_option(**edns, dns::option_cookie).has_value());
}

TEST_F(TapEngine, TakesNothingOnceItIsOff) {
  is_on_ = false;
  (void)test_.send(query_with_everything());
  EXPECT_TRUE(taken().empty());
}

TEST_F(TapEngine, AFullRingDropsCountsAndAnswersAllTheSame) {
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_FALSE(test_.query({.name = "www.shop.example"}).empty());
  }
  EXPECT_GT(ring_.dropped(), 0U);
  const std::size_t kept = taken().size();
  EXPECT_EQ(kept + ring_.dropped(), 2U + 40'000U);
  (void)test_.query({.name = "www.shop.example"});
  EXPECT_EQ(taken().size(), 2U);
}

TEST(TappedMessage, RefusesWhatIsBroken) {
  for (const TapKind kind : {TapKind::client_query, TapKind::client_response}) {
    Octets message = query_with_everything();
    if (kind == TapKind::client_response) message[2] |= 0x80;
    ASSERT_FALSE(tapped(kind, message).empty());
    for (std::size_t size = 0; size < message.size(); ++size) {
      Octets out{1, 2, 3};
      EXPECT_FALSE(append_tapped_message(kind, Bytes{message}.first(size), out)) << size;
      EXPECT_EQ(out.size(), 3U);
    }
    message[2] ^= 0x80;  // a query where an answer should be
    EXPECT_TRUE(tapped(kind, message).empty());
    message[2] = static_cast<std::uint8_t>((message[2] ^ 0x80) | 0x20);  // NOTIFY
    EXPECT_TRUE(tapped(kind, message).empty());
  }
}

// Octet by octet, against dnstap.proto and the specification of Frame Streams.
TEST(TapFrame, IsAsTheSpecificationSays) {
  Octets out;
  const Octets message{1, 2, 3};
  append_tap_frame(
      {.kind = TapKind::client_response, .transport = Transport::doh, .message = message}, 300,
      out);
  const Octets wanted{0,    0,    0,    28,  // size of the frame
                      0x12, 10,   'k',  'h', 'i', 'e', 'n', '-', 'd', 'n', 's', 'd',  // version
                      0x72, 12,                                                       // message:
                      0x08, 6,                   //   CLIENT_RESPONSE
                      0x18, 4,                   //   DOH
                      0x60, 0xAC, 0x02,          //   response_time_sec
                      0x72, 3,    1,    2,   3,  //   response_message
                      0x78, 1};                  // type MESSAGE
  EXPECT_EQ(out, wanted);

  out.clear();
  append_tap_start(out);
  EXPECT_EQ(out.size(), 8U + 4U + 8U + 22U);
  EXPECT_EQ(out[7], 34);
  EXPECT_EQ(as_text(Bytes{out}.last(22)), "protobuf:dnstap.Dnstap");
  out.clear();
  append_tap_stop(out);
  EXPECT_EQ(out, (Octets{0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3}));
  EXPECT_EQ(out.size(), tap_stop_size);
}

}  // namespace
}  // namespace khien::resolver
