#include "dns/edns.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

TEST(Edns, WritesAndReadsPayloadRcodeAndOptions) {
  std::array<std::uint8_t, 512> buffer{};
  MessageWriter writer{buffer, buffer.size()};
  writer.begin(3, with_rcode(flag_qr, rcode_badvers));
  std::array<std::uint8_t, 64> scratch{};
  const std::array options{
      make_extended_error({.info_code = ede_censored, .text = "phishing"}, scratch)};
  ASSERT_TRUE(add_edns(writer, {.rcode = rcode_badvers, .dnssec_ok = true, .options = options}));
  const auto edns = find_edns(writer.message());
  ASSERT_TRUE(edns.has_value() && edns->has_value());
  EXPECT_EQ((*edns)->payload_size, edns_payload_size);
  EXPECT_TRUE((*edns)->dnssec_ok);
  EXPECT_EQ(full_rcode(*parse_header(writer.message()), **edns), rcode_badvers);
  const auto option = find_option(**edns, option_extended_error);
  ASSERT_TRUE(option.has_value());
  const auto error = parse_extended_error(*option);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->info_code, ede_censored);
  EXPECT_EQ(error->text, "phishing");
  EXPECT_FALSE(find_option(**edns, option_cookie).has_value());
}

TEST(Edns, RefusesOptionsThatDoNotFillTheRecord) {
  const Octets good{0, 10, 0, 2, 7, 7};
  for (std::size_t size = 1; size < good.size(); ++size) {
    RecordView record;
    record.type = type_opt;
    record.rdata = Bytes{good}.first(size);
    EXPECT_EQ(parse_edns(record).error(), WireError::bad_opt) << size;
  }
}

TEST(Edns, SmallPayloadSizesCountAs512) {
  RecordView record;
  record.type = type_opt;
  record.rclass = 100;
  record.ttl = 0x0001'0000;
  const auto edns = parse_edns(record);
  ASSERT_TRUE(edns.has_value());
  EXPECT_EQ(edns->payload_size, 512U);
  EXPECT_EQ(edns->version, 1U);
}

TEST(Edns, RefusesMoreOptionsThanItsLimit) {
  Octets buffer(4'096);
  MessageWriter writer{buffer, buffer.size()};
  const Octets padding(edns_options_size_max - 3);
  const std::array options{EdnsOption{.code = option_padding, .data = padding}};
  EXPECT_FALSE(add_edns(writer, {.options = options}));
  EXPECT_EQ(writer.size(), header_size);
  const std::array less{EdnsOption{.code = option_padding, .data = Bytes{padding}.subspan(1)}};
  EXPECT_TRUE(add_edns(writer, {.options = less}));
}

TEST(ExtendedError, TextIsCutBetweenCharacters) {
  std::array<std::uint8_t, 2 + 7> scratch{};
  const auto option = make_extended_error({.info_code = 16, .text = "lừa đảo"}, scratch);
  // l, ừ (3 octets), a, space are 6; đ has 2 octets and does not fit into the seventh.
  EXPECT_EQ(parse_extended_error(option)->text, "lừa ");
  EXPECT_FALSE(parse_extended_error({.code = option_extended_error}).has_value());
}

}  // namespace
}  // namespace khien::dns
