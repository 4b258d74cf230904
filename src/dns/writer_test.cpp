#include "dns/writer.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "dns/rdata.h"
#include "dns/test_packets.h"

namespace khien::dns {
namespace {

const Octets address{192, 0, 2, 1};

TEST(MessageWriter, WritesWhatTheReaderReads) {
  std::array<std::uint8_t, 512> buffer{};
  MessageWriter writer{buffer, buffer.size()};
  writer.begin(9, flag_qr | flag_aa);
  ASSERT_TRUE(writer.add_question(name_of("www.example."), type_a, class_in));
  const Name target = name_of("a.www.example.");
  ASSERT_TRUE(writer.add_record(Section::answer, name_of("www.example."),
                                {.type = type_cname, .ttl = 60}, target.wire()));
  ASSERT_TRUE(writer.add_record(Section::answer, target, {.type = type_a, .ttl = 60}, address));
  // Header, question, pointer + 10 + (1+1 + pointer), pointer + 10 + 4.
  EXPECT_EQ(writer.size(), 12U + 17 + 12 + 4 + 12 + 4);
  const auto message = parse_message(writer.message());
  ASSERT_TRUE(message.has_value()) << to_string(message.error());
  EXPECT_EQ(message->answers[0].rdata, to_octets(target.wire()));
  EXPECT_EQ(message->answers[1].owner, target);
}

TEST(MessageWriter, WhatDoesNotFitLeavesTheMessageAsItWas) {
  for (std::size_t size_max = header_size; size_max < 200; ++size_max) {
    std::array<std::uint8_t, 512> buffer{};
    MessageWriter writer{buffer, size_max};
    writer.begin(9, flag_qr);
    bool all_fit = writer.add_question(name_of("www.example."), type_soa, class_in);
    const Soa soa{.primary = name_of("ns.example."), .mailbox = name_of("post.example.")};
    for (int i = 0; i < 3; ++i) {
      const Octets before = to_octets(writer.message());
      const bool fits = writer.add_record(Section::answer, name_of("other.example."),
                                          {.type = type_soa, .ttl = 60}, make_soa(soa));
      if (!fits) {
        EXPECT_EQ(to_octets(writer.message()), before);
      }
      all_fit = all_fit && fits;
    }
    EXPECT_LE(writer.size(), size_max);
    EXPECT_TRUE(parse_message(writer.message()).has_value()) << size_max;
    if (size_max == 199) {
      EXPECT_TRUE(all_fit);
    }
  }
}

TEST(MessageWriter, ReservedRoomStaysFree) {
  std::array<std::uint8_t, 64> buffer{};
  MessageWriter writer{buffer, buffer.size()};
  writer.reserve(40);
  EXPECT_EQ(writer.size_free(), 12U);
  EXPECT_FALSE(writer.add_question(name_of("www.example."), type_a, class_in));
  writer.reserve(0);
  EXPECT_TRUE(writer.add_question(name_of("www.example."), type_a, class_in));
}

TEST(MessageWriter, PlainTypesAreNotCompressed) {
  std::array<std::uint8_t, 512> buffer{};
  MessageWriter writer{buffer, buffer.size()};
  ASSERT_TRUE(writer.add_question(name_of("www.example."), type_https, class_in));
  Octets rdata{0, 1};
  append(rdata, name_of("www.example.").wire());
  ASSERT_TRUE(
      writer.add_record(Section::answer, name_of("www.example."), {.type = type_https}, rdata));
  auto reader = MessageReader::open(writer.message());
  ASSERT_TRUE(reader.has_value());
  const auto record = reader->next();
  ASSERT_TRUE(record.has_value() && record->has_value());
  EXPECT_EQ(to_octets((*record)->rdata), rdata);
}

// More names than the compression table holds, in a message beyond the reach of pointers.
TEST(MessageWriter, LargeMessagesReadBack) {
  SeededRng rng{7};
  Octets buffer(message_size_max);
  MessageWriter writer{buffer, buffer.size()};
  std::vector<Name> owners;
  while (true) {
    const auto owner = join(name_of("n" + std::to_string(rng.below(100'000)) + ".example."),
                            name_of("orders-phishing.rpz.khien."));
    ASSERT_TRUE(owner.has_value());
    if (!writer.add_record(Section::answer, *owner, {.type = type_cname, .ttl = 60},
                           NameView{}.wire())) {
      break;
    }
    owners.push_back(*owner);
  }
  EXPECT_GT(owners.size(), 1'500U);
  const auto message = parse_message(writer.message());
  ASSERT_TRUE(message.has_value()) << to_string(message.error());
  ASSERT_EQ(message->answers.size(), owners.size());
  for (std::size_t i = 0; i < owners.size(); ++i) EXPECT_EQ(message->answers[i].owner, owners[i]);
}

}  // namespace
}  // namespace khien::dns
