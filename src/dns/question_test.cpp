#include "dns/question.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

TEST(ParseQuestion, ReadsNameTypeAndClass) {
  const auto message = query_for("ngan-hang.example.", type_aaaa);
  const auto question = parse_question(message);
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(question->qname.size(), 19U);  // 1+9 + 1+7 + root
  EXPECT_EQ(question->qtype, type_aaaa);
  EXPECT_EQ(question->qclass, class_in);
  EXPECT_EQ(question_end(*question), message.size());
}

// Every proper prefix of a good query is truncated: no length check may be missing.
TEST(ParseQuestion, RefusesEveryTruncation) {
  const auto message = query_for("a.example.", type_aaaa);
  for (std::size_t size = 0; size < message.size(); ++size) {
    const auto question = parse_question(Bytes{message}.first(size));
    ASSERT_FALSE(question.has_value()) << "size " << size;
    EXPECT_EQ(question.error(), WireError::truncated) << "size " << size;
  }
}

TEST(ParseQuestion, RefusesOtherThanOneQuestion) {
  for (const std::uint16_t count : std::initializer_list<std::uint16_t>{0, 2, 65'535}) {
    auto message = query_for("a.example.", type_a);
    store_u16(message, 4, count);
    EXPECT_EQ(parse_question(message).error(), WireError::not_one_question);
  }
}

TEST(ParseQuestion, RefusesPointersAndOldLabelTypes) {
  for (const std::uint8_t length : std::initializer_list<std::uint8_t>{0xC0, 0x40, 0x80}) {
    auto message = query_for("a.example.", type_a);
    message[header_size] = length;
    EXPECT_EQ(parse_question(message).error(), WireError::bad_label);
  }
}

TEST(ParseQuestion, RefusesANameOf256Octets) {
  auto message = header_of(1, flag_rd, {.questions = 1});
  for (int i = 0; i < 127; ++i) append(message, Octets{1, 'a'});
  auto good = message;
  append(good, Octets{0, 0, 1, 0, 1});
  ASSERT_TRUE(parse_question(good).has_value());
  EXPECT_EQ(parse_question(good)->qname.size(), name_size_max);
  append(message, Octets{1, 'a', 0, 0, 1, 0, 1});
  EXPECT_EQ(parse_question(message).error(), WireError::name_too_long);
}

TEST(Header, ReadsOpcodeRcodeAndFlags) {
  const auto message = header_of(7, flag_qr | flag_aa | opcode_flags(opcode_notify) | 9, {});
  const auto header = parse_header(message);
  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(header->is_response());
  EXPECT_EQ(header->opcode(), opcode_notify);
  EXPECT_EQ(header->rcode(), rcode_notauth);
  EXPECT_TRUE(header->has(flag_aa));
  EXPECT_EQ(with_rcode(header->flags, rcode_refused) & 0x0F, rcode_refused);
}

}  // namespace
}  // namespace khien::dns
