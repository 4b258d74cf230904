#include "text/ip_prefix.h"

#include <gtest/gtest.h>

#include <random>

namespace khien::text {
namespace {

std::string again(std::string_view text) {
  const auto prefix = parse_prefix(text);
  return prefix ? to_string(*prefix) : "none";
}

TEST(ParsePrefix, HasOneTextForEach) {
  EXPECT_EQ(again("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(again("192.0.2.7/32"), "192.0.2.7");
  EXPECT_EQ(again("192.0.2.0/28"), "192.0.2.0/28");
  EXPECT_EQ(again("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(again("2001:DB8:0:0:0:0:0:7"), "2001:db8::7");
  EXPECT_EQ(again("2001:db8:0:1::/64"), "2001:db8:0:1::/64");
  EXPECT_EQ(again("2001:db8::7/128"), "2001:db8::7");
}

TEST(ParsePrefix, RefusesWhatIsMistyped) {
  for (const auto* text :
       {"", "/", "192.0.2.0/", "192.0.2.7/28", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/028",
        "192.0.2.0/28 ", "192.0.2/24", "192.0.2.0/2/8", "2001:db8::1/64", "2001:db8::/129",
        "[2001:db8::]/64", "a.example", "192.0.2.0/255.255.255.0"}) {
    EXPECT_EQ(again(text), "none") << text;
  }
}

TEST(Overlap, IsSharingAnAddress) {
  const auto meet = [](std::string_view a, std::string_view b) {
    return overlap(*parse_prefix(a), *parse_prefix(b)) &&
           overlap(*parse_prefix(b), *parse_prefix(a));
  };
  EXPECT_TRUE(meet("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(meet("192.0.2.0/25", "192.0.2.128"));
  EXPECT_TRUE(meet("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(meet("0.0.0.0/0", "::/0"));
  EXPECT_TRUE(meet("2001:db8::/47", "2001:db8:1::/48"));
  EXPECT_FALSE(meet("2001:db8::/48", "2001:db8:1::/48"));
}

// Against counting all addresses of two short prefixes.
TEST(Overlap, AgreesWithThePlainCount) {
  std::mt19937 random{20'261'128};
  for (int turn = 0; turn < 2'000; ++turn) {
    const auto pick = [&] {
      IpAddress address;
      address.octets = {192, 0, 2, static_cast<std::uint8_t>(random() % 256)};
      return prefix_of(address, 24 + static_cast<int>(random() % 9));
    };
    const auto a = pick();
    const auto b = pick();
    bool shared = false;
    for (int last = 0; last < 256 && !shared; ++last) {
      const auto in = [last](const IpPrefix& prefix) {
        const int first = prefix.base.octets[3];
        return last >= first && last < first + (1 << (32 - prefix.length));
      };
      shared = in(a) && in(b);
    }
    EXPECT_EQ(overlap(a, b), shared) << to_string(a) << " " << to_string(b);
  }
}

}  // namespace
}  // namespace khien::text
