#include "providers/nonce_zone.h"

#include <gtest/gtest.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/writer.h"

namespace khien::providers {
namespace {

const dns::Name zone = *dns::Name::from_text("n.probe.example.");
const auto asker = *net::IpAddress::parse("198.51.100.9");

Octets query_for(std::string_view name, std::uint16_t qtype, std::uint16_t qclass = dns::class_in) {
  Octets buffer(512);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(7, 0);
  const auto qname = *dns::Name::from_text(name);
  EXPECT_TRUE(writer.add_question(qname, qtype, qclass));
  EXPECT_TRUE(dns::add_edns(writer, {}));
  buffer.resize(writer.size());
  return buffer;
}

struct Answered {
  std::uint16_t rcode = 0xFFFF;
  std::size_t answers = 0;
  std::size_t authorities = 0;
  std::string noted;
};
Answered answered(Bytes query) {
  Answered out;
  const auto octets = answer_nonce(query, zone, out.noted);
  const auto message = dns::parse_message(octets);
  if (!message) return out;
  EXPECT_LE(octets.size(), nonce_reply_size_max);
  out.rcode = message->header.rcode();
  out.answers = message->answers.size();
  out.authorities = message->authorities.size();
  return out;
}

TEST(NonceZone, EveryNameBelowItExistsAndOnlyQuestionsForTxtAreNoted) {
  const auto txt = answered(query_for("R0.01KHn.N.probe.example.", dns::type_txt));
  EXPECT_EQ(txt.rcode, dns::rcode_noerror);
  EXPECT_EQ(txt.answers, 1U);
  EXPECT_EQ(txt.noted, "r0.01khn.n.probe.example");
  // What resolvers ask on their way down (RFC 9156).
  const auto way = answered(query_for("01khn.n.probe.example.", dns::type_a));
  EXPECT_EQ(way.rcode, dns::rcode_noerror);
  EXPECT_EQ(way.answers, 0U);
  EXPECT_EQ(way.authorities, 1U);
  EXPECT_EQ(way.noted, "");
  EXPECT_EQ(answered(query_for("n.probe.example.", dns::type_soa)).answers, 1U);
  EXPECT_EQ(answered(query_for("n.probe.example.", dns::type_ns)).answers, 1U);
  EXPECT_EQ(answered(query_for("n.probe.example.", dns::type_txt)).noted, "");
}

TEST(NonceZone, IsNothingElse) {
  EXPECT_EQ(answered(query_for("probe.example.", dns::type_txt)).rcode, dns::rcode_refused);
  EXPECT_EQ(answered(query_for("xn.probe.example.", dns::type_txt)).rcode, dns::rcode_refused);
  EXPECT_EQ(answered(query_for("a.n.probe.example.", dns::type_txt, 3)).rcode, dns::rcode_refused);
  auto reply = query_for("a.n.probe.example.", dns::type_txt);
  reply[2] |= 0x80;
  EXPECT_EQ(answered(reply).rcode, 0xFFFF) << "an answer is not answered";
  const auto whole = query_for("a.n.probe.example.", dns::type_txt);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(answered(Bytes{whole}.first(size)).noted, "") << size;
  }
}

TEST(AskedNames, AreKeptForMinutesAndBounded) {
  AskedNames names;
  names.note("r0.a.n.probe.example", asker, 1'000);
  names.note("r0.a.n.probe.example", asker, 2'000);
  EXPECT_EQ(names.askers("r0.a.n.probe.example", 2'000), std::vector{asker});
  EXPECT_TRUE(names.askers("r1.a.n.probe.example", 2'000).empty());
  EXPECT_TRUE(names.askers("r0.a.n.probe.example", 1'000 + asker_kept_ms + 1).empty());
  for (std::uint8_t i = 0; i < 9; ++i) {
    names.note("r0.a.n.probe.example", net::IpAddress::v4({192, 0, 2, i}), 2'000);
  }
  EXPECT_EQ(names.askers("r0.a.n.probe.example", 2'000).size(), askers_of_a_name_max);

  // A crowd of other names pushes nothing out while it is young, and goes when it is old.
  for (std::size_t i = 0; i < asked_names_max + 10; ++i) {
    names.note("x" + std::to_string(i), asker, 3'000);
  }
  EXPECT_EQ(names.size(), asked_names_max);
  EXPECT_FALSE(names.askers("r0.a.n.probe.example", 3'000).empty());
  names.note("moi", asker, 4'000 + asker_kept_ms);
  EXPECT_EQ(names.size(), 1U);
}

}  // namespace
}  // namespace khien::providers
