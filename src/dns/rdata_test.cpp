#include "dns/rdata.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

Result<Octets> from_text(std::uint16_t type, std::vector<std::string_view> tokens) {
  return rdata_from_text(type, tokens, name_of("example."));
}

TEST(Soa, RoundTripAndTruncations) {
  const Soa soa{.primary = name_of("ns.example."),
                .mailbox = name_of("post.example."),
                .serial = 0xFFFF'FFF0,
                .refresh_s = 60,
                .retry_s = 30,
                .expire_s = 14'400,
                .minimum_s = 10};
  const Octets rdata = make_soa(soa);
  const auto again = parse_soa(rdata);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->serial, soa.serial);
  EXPECT_EQ(again->expire_s, soa.expire_s);
  EXPECT_EQ(*parse_soa_serial(rdata), soa.serial);
  for (std::size_t size = 0; size < rdata.size(); ++size) {
    EXPECT_FALSE(parse_soa(Bytes{rdata}.first(size)).has_value());
    EXPECT_FALSE(parse_soa_serial(Bytes{rdata}.first(size)).has_value());
  }
}

TEST(Svcb, ReadsTargetAndHints) {
  Octets rdata{0, 1};
  append(rdata, name_of("svc.example.").wire());
  append(rdata, Octets{0, 1, 0, 3, 2, 'h', '2'});
  append(rdata, Octets{0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2});
  append(rdata, Octets{0, 6, 0, 16});
  append(rdata, *address_from_text("2001:db8::1"));
  const auto svcb = parse_svcb(rdata);
  ASSERT_TRUE(svcb.has_value());
  EXPECT_EQ(svcb->target, name_of("svc.example.").view());
  EXPECT_EQ(svcb->ipv4_hints.size(), 8U);
  EXPECT_EQ(*address_to_text(svcb->ipv6_hints), "2001:db8::1");
}

TEST(Svcb, RefusesUnorderedKeysAndBrokenHints) {
  const auto error_of = [](const Octets& parameters) {
    Octets rdata{0, 1, 0};
    append(rdata, parameters);
    return parse_svcb(rdata).has_value();
  };
  EXPECT_TRUE(error_of({}));
  EXPECT_FALSE(error_of({0, 4, 0, 4, 1, 2, 3, 4, 0, 4, 0, 4, 1, 2, 3, 4}));
  EXPECT_FALSE(error_of({0, 6, 0, 0}));
  EXPECT_FALSE(error_of({0, 4, 0, 3, 1, 2, 3}));
  EXPECT_FALSE(error_of({0, 4, 0, 4, 1, 2, 3}));
  EXPECT_FALSE(error_of({0, 4, 0}));
}

TEST(RdataText, RoundTrips) {
  const std::vector<std::pair<std::uint16_t, std::vector<std::string_view>>> cases{
      {type_a, {"192.0.2.1"}},
      {type_aaaa, {"2001:db8::1"}},
      {type_cname, {"."}},
      {type_cname, {"rpz-passthru."}},
      {type_mx, {"10", "mail.example."}},
      {type_soa, {"ns.example.", "post.example.", "1", "2", "3", "4", "4294967295"}},
      {65'280, {"\\#", "3", "abcdef"}},
      {65'280, {"\\#", "0"}},
  };
  for (const auto& [type, tokens] : cases) {
    const auto rdata = from_text(type, tokens);
    ASSERT_TRUE(rdata.has_value()) << rdata.error().message;
    std::string joined;
    for (const auto token : tokens) joined += (joined.empty() ? "" : " ") + std::string{token};
    EXPECT_EQ(rdata_to_text(type, *rdata), joined);
  }
}

TEST(RdataText, StringsAreEscapedAndQuoted) {
  const auto rdata = from_text(type_txt, {"a b", "x\\\"y\\\\\\009"});
  ASSERT_TRUE(rdata.has_value());
  EXPECT_EQ(rdata_to_text(type_txt, *rdata), "\"a b\" \"x\\\"y\\\\\\009\"");
}

TEST(RdataText, NamesAreRelativeToTheOrigin) {
  EXPECT_EQ(name_from_zone_text("@", name_of("example."))->to_text(), "example.");
  EXPECT_EQ(name_from_zone_text("a", name_of("example."))->to_text(), "a.example.");
  EXPECT_EQ(name_from_zone_text("a.test.", name_of("example."))->to_text(), "a.test.");
  EXPECT_EQ(name_from_zone_text("a\\.", name_of("example."))->to_text(), "a\\..example.");
  EXPECT_EQ(name_from_zone_text("a\\\\.", name_of("example."))->to_text(), "a\\\\.");
  EXPECT_EQ(name_from_zone_text(".", name_of("example."))->to_text(), ".");
}

TEST(RdataText, RefusesWhatDoesNotFitTheType) {
  EXPECT_FALSE(from_text(type_a, {"2001:db8::1"}).has_value());
  EXPECT_FALSE(from_text(type_a, {"192.0.2"}).has_value());
  EXPECT_FALSE(from_text(type_a, {}).has_value());
  EXPECT_FALSE(from_text(type_cname, {"a", "b"}).has_value());
  EXPECT_FALSE(from_text(type_mx, {"65536", "a"}).has_value());
  EXPECT_FALSE(from_text(type_soa, {"a", "b", "1", "2", "3", "4", "1h"}).has_value());
  EXPECT_FALSE(from_text(type_txt, {std::string(256, 'a')}).has_value());
  EXPECT_FALSE(from_text(type_txt, {"a\\25"}).has_value());
  EXPECT_FALSE(from_text(65'280, {"\\#", "2", "abc"}).has_value());
  EXPECT_FALSE(from_text(65'280, {"\\#", "1", "zz"}).has_value());
  EXPECT_FALSE(from_text(type_a, {"\\#", "3", "010203"}).has_value());
  EXPECT_FALSE(from_text(257, {"0", "issue", "ca.example"}).has_value());
}

TEST(TypeText, KnownAndNumbered) {
  EXPECT_EQ(type_to_text(type_https), "HTTPS");
  EXPECT_EQ(type_to_text(65'280), "TYPE65280");
  EXPECT_EQ(type_from_text("aaaa"), type_aaaa);
  EXPECT_EQ(type_from_text("type65280"), 65'280);
  EXPECT_FALSE(type_from_text("TYPE65536").has_value());
  EXPECT_FALSE(type_from_text("TYPE").has_value());
  EXPECT_FALSE(type_from_text("").has_value());
}

}  // namespace
}  // namespace khien::dns
