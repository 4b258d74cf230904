#include "text/host.h"

#include <gtest/gtest.h>
#include <idn2.h>

#include "text/ip.h"

namespace khien::text {
namespace {

TEST(NormaliseHost, LowersAndDropsTheFinalDot) {
  EXPECT_EQ(*normalise_host("WWW.Ngan-Hang.EXAMPLE."), "www.ngan-hang.example");
  EXPECT_EQ(*normalise_host("_dmarc.a_b.example"), "_dmarc.a_b.example");
  EXPECT_EQ(*normalise_host("localhost"), "localhost");
  EXPECT_EQ(*normalise_host("r3---sn-x.example"), "r3---sn-x.example");
}

TEST(NormaliseHost, MapsUnicodeAsBrowsersDo) {
  EXPECT_EQ(*normalise_host("việtnam.example"), "xn--vitnam-jk8b.example");
  EXPECT_EQ(*normalise_host("vie\u0302\u0323tnam.example"), "xn--vitnam-jk8b.example");
  EXPECT_EQ(*normalise_host("faß.example"), "xn--fa-hia.example");  // non-transitional
  EXPECT_EQ(*normalise_host("ｖｃｂ。ｅｘａｍｐｌｅ"), "vcb.example");
  EXPECT_EQ(*normalise_host("💰.example"), "xn--ss8h.example");
  EXPECT_EQ(*normalise_host("xn--VITNAM-JK8B.example"), "xn--vitnam-jk8b.example");
}

struct Refusal {
  std::string host;
  HostError error;
};

TEST(HostFrom, RefusesWithAReason) {
  const std::string label63(63, 'a');
  const Refusal refusals[] = {
      {"", HostError::empty},
      {".", HostError::empty_label},
      {"a..example", HostError::empty_label},
      {".a.example", HostError::empty_label},
      {"a b.example", HostError::bad_character},
      {"a/b.example", HostError::bad_character},
      {"*.example", HostError::bad_character},
      {"a.example:80", HostError::bad_character},
      {std::string(64, 'a') + ".example", HostError::label_too_long},
      {label63 + "." + label63 + "." + label63 + "." + label63, HostError::too_long},
      {std::string(host_input_size_max + 1, 'a'), HostError::too_long},
      {"192.0.2.1", HostError::ip_address},
      {"2001:db8::1", HostError::ip_address},
      {"a.0x7f", HostError::ip_address},
      {"3221225985", HostError::ip_address},
      {"xn--\x80.example", HostError::bad_idna},
      {"xn--a-\u00E9.example", HostError::bad_idna},
      {"xn--zzzzzzzzzz99999.example", HostError::bad_idna},
  };
  for (const auto& [host, error] : refusals) {
    const auto result = host_from(host);
    ASSERT_FALSE(result.has_value()) << host;
    EXPECT_EQ(to_string(result.error()), to_string(error)) << host;
    EXPECT_EQ(normalise_host(host).error().reason, to_string(error));
  }
}

TEST(HostFrom, AcceptsTheLongestName) {
  const std::string label63(63, 'a');
  const std::string longest = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), host_size_max);
  EXPECT_EQ(*host_from(longest), longest);
}

// libidn2 is another implementation of the same standard.
TEST(HostFrom, AgreesWithLibidn2) {
  for (const char* host :
       {"việtnam.example", "ngânhàng.example", "đăngký-vneid.example", "faß.example",
        "βόλος.example", "пример.example", "例え.example", "ÀÉÎ.example", "ổ-cứng.example"}) {
    char* other = nullptr;
    ASSERT_EQ(idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(host),
                             reinterpret_cast<std::uint8_t**>(&other),
                             IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT),
              IDN2_OK)
        << host;
    EXPECT_EQ(*host_from(host), other) << host;
    idn2_free(other);
  }
}

TEST(HostFrom, IsStable) {
  for (const char* host : {"Việtnam.Example.", "a.b.c.test", "💰.ws"}) {
    const auto once = *host_from(host);
    EXPECT_EQ(*host_from(once), once);
    EXPECT_EQ(*host_from(host_for_display(once)), once);
  }
}

TEST(HostForDisplay, ShowsUnicode) {
  EXPECT_EQ(host_for_display("xn--vitnam-jk8b.example"), "việtnam.example");
  EXPECT_EQ(host_for_display("plain.example"), "plain.example");
  EXPECT_EQ(host_for_display("xn--zzzzzzzzzz99999.example"), "xn--zzzzzzzzzz99999.example");
}

TEST(IsAtOrBelow, ComparesWholeLabels) {
  EXPECT_TRUE(is_at_or_below("a.b.example", "b.example"));
  EXPECT_TRUE(is_at_or_below("b.example", "b.example"));
  EXPECT_FALSE(is_at_or_below("ab.example", "b.example"));
  EXPECT_FALSE(is_at_or_below("example", "b.example"));
}

TEST(ParseIp, StrictAndLoose) {
  EXPECT_EQ(to_string(*parse_ip("192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(to_string(*parse_ip("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
  EXPECT_FALSE(parse_ip("192.0.2").has_value());
  EXPECT_FALSE(parse_ip("192.0.2.256").has_value());
  EXPECT_EQ(to_string(*parse_ipv4_loose("3221225985")), "192.0.2.1");
  EXPECT_EQ(to_string(*parse_ipv4_loose("0xC0.0.0x2.01")), "192.0.2.1");
  EXPECT_EQ(to_string(*parse_ipv4_loose("192.513")), "192.0.2.1");
  for (const char* bad : {"", "1.2.3.4.5", "256.1.1.1", "1.2.3.256", "4294967296", "08", "a"}) {
    EXPECT_FALSE(parse_ipv4_loose(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace khien::text
