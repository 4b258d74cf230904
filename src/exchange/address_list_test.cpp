#include "exchange/address_list.h"

#include <gtest/gtest.h>

#include "exchange/bgp_text.h"
#include "exchange/nft_script.h"

namespace khien::exchange {
namespace {

std::string all_of(const AddressList& list) {
  std::string out;
  for (const auto* part : {&list.addresses4, &list.prefixes4, &list.addresses6, &list.prefixes6}) {
    for (const auto& prefix : *part) out += text::to_string(prefix) + " ";
  }
  return out;
}

TEST(ReadAddressList, SortsAndTakesOutWhatIsCovered) {
  const auto list = read_address_list(
      "# Title: x\n203.0.113.9\n192.0.2.0/28\n192.0.2.0/29 # in it\n192.0.2.7\n\n192.0.2.16\n"
      "2001:db8::7\n2001:db8::/48\n2001:db8:1::1\n203.0.113.9\n192.0.2.8/29\n");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_EQ(all_of(*list), "192.0.2.16 203.0.113.9 192.0.2.0/28 2001:db8:1::1 2001:db8::/48 ");
  EXPECT_EQ(read_address_list("")->size(), 0U);
}

TEST(ReadAddressList, IsWholeOrNothing) {
  for (const auto* text : {"192.0.2.7\nxau.example\n", "192.0.2.7/28\n", "192.0.2.7 192.0.2.8\n"}) {
    EXPECT_EQ(read_address_list(text).error().code, ErrorCode::malformed) << text;
  }
  for (const auto* text : {"0.0.0.0/0\n", "192.0.2.0/23\n", "2001:db8::/47\n", "::/0\n"}) {
    EXPECT_EQ(read_address_list(text).error().reason, "prefix_too_wide") << text;
  }
}

TEST(ReadAddressList, StopsAtItsMaximum) {
  std::string text;
  for (std::size_t i = 0; i <= address_list_max; ++i) text += "192.0.2.7\n";
  EXPECT_EQ(read_address_list(text).error().reason, "list_too_large");
}

TEST(NftScript, SaysTheWholeListInTablesOfItsOwn) {
  const auto list = *read_address_list("192.0.2.7\n192.0.2.16/28\n2001:db8::7\n");
  const auto script = nft_script(list, {.life_s = 90});
  EXPECT_NE(script.find("add element inet khien addresses4 {\n192.0.2.7 timeout 90s,\n}\n"),
            std::string::npos)
      << script;
  EXPECT_NE(script.find("add element inet khien_prefixes prefixes4 {\n192.0.2.16/28 timeout 90s,"),
            std::string::npos);
  EXPECT_NE(script.find("ip6 daddr @addresses6 counter name \"blocked\" reject with icmpx"),
            std::string::npos);
  EXPECT_EQ(script.find("prefixes6 {\n"), std::string::npos) << "nothing is added to an empty set";
  EXPECT_NE(script.find("flush set inet khien_prefixes prefixes6"), std::string::npos);
  EXPECT_EQ(nft_script(list, {.life_s = 90, .verdict = NftVerdict::drop}).find("reject"),
            std::string::npos);
}

TEST(BgpText, IsWhatEachDaemonReads) {
  const auto list = *read_address_list("192.0.2.7\n192.0.2.16/28\n2001:db8::7\n");
  const auto text = [&](std::string_view kind) {
    return bgp_text(list, *parse_bgp_text(kind), "addresses", 1'795'478'400'000);
  };
  EXPECT_NE(
      text("bird-rtbh").find("route 192.0.2.7/32 blackhole { bgp_community.add((65535, 666));"),
      std::string::npos)
      << text("bird-rtbh");
  EXPECT_NE(text("bird-flowspec").find("route flow6 { dst 2001:db8::7/128; }"), std::string::npos);
  EXPECT_NE(text("exabgp-rtbh").find("announce route 192.0.2.16/28 next-hop self"),
            std::string::npos);
  EXPECT_NE(text("exabgp-flowspec").find("destination 2001:db8::7/128; } then { discard; }"),
            std::string::npos);
  EXPECT_TRUE(text("bird-rtbh").starts_with("# addresses: withdraw it at 2026-11-24T00:00:00Z"));
  EXPECT_EQ(parse_bgp_text("off"), std::nullopt);
}

}  // namespace
}  // namespace khien::exchange
