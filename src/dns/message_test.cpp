#include "dns/message.h"

#include <gtest/gtest.h>

#include "dns/test_packets.h"

namespace khien::dns {
namespace {

const Octets pointer_to_question{0xC0, 0x0C};
const Octets address{192, 0, 2, 1};

/// www.example. CNAME → a.example. (compressed) A 192.0.2.1
Octets answer_with_cname() {
  Octets out = header_of(7, flag_qr | flag_rd | flag_ra, {.questions = 1, .answers = 2});
  append_question(out, "www.example.", type_a);
  const std::size_t cname_rdata_at = out.size() + 12;
  append_record(out, pointer_to_question, type_cname, Octets{1, 'a', 0xC0, 0x10});
  append_record(out, Octets{0xC0, static_cast<std::uint8_t>(cname_rdata_at)}, type_a, address);
  return out;
}

WireError error_of(Bytes bytes) {
  const auto message = parse_message(bytes);
  EXPECT_FALSE(message.has_value());
  return message ? WireError::no_space : message.error();
}

TEST(Message, ReadsCompressedOwnersAndRdata) {
  const auto message = parse_message(answer_with_cname());
  ASSERT_TRUE(message.has_value()) << to_string(message.error());
  ASSERT_EQ(message->answers.size(), 2U);
  EXPECT_EQ(message->question->name, name_of("www.example."));
  EXPECT_EQ(message->answers[0].owner, name_of("www.example."));
  EXPECT_EQ(Name::from_wire(message->answers[0].rdata)->to_text(), "a.example.");
  EXPECT_EQ(message->answers[1].owner, name_of("a.example."));
  EXPECT_EQ(message->answers[1].rdata, address);
  EXPECT_EQ(message->answers[1].ttl, 300U);
}

TEST(Message, RefusesEveryTruncation) {
  const auto whole = answer_with_cname();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(error_of(Bytes{whole}.first(size)), WireError::truncated) << size;
  }
}

TEST(Message, RefusesTrailingOctets) {
  auto octets = answer_with_cname();
  octets.push_back(0);
  EXPECT_EQ(error_of(octets), WireError::trailing_octets);
}

TEST(Message, PointersGoStrictlyBackwardsAndNotIntoTheHeader) {
  const auto with_owner = [](const Octets& owner) {
    Octets out = header_of(7, flag_qr, {.questions = 1, .answers = 1});
    append_question(out, "a.example.", type_a);
    append_record(out, owner, type_a, address);
    return out;
  };
  const std::size_t at = with_owner({}).size() - address.size() - 10;  // where the owner stands
  const auto here = static_cast<std::uint8_t>(at);
  EXPECT_EQ(error_of(with_owner({0xC0, here})), WireError::bad_pointer);
  EXPECT_EQ(error_of(with_owner({0xC0, static_cast<std::uint8_t>(here + 1)})),
            WireError::bad_pointer);
  EXPECT_EQ(error_of(with_owner({0xC0, 0x00})), WireError::bad_pointer);
  // A label and then a pointer to that label: a loop that grows.
  EXPECT_EQ(error_of(with_owner({1, 'a', 0xC0, here})), WireError::bad_pointer);
  EXPECT_TRUE(parse_message(with_owner(pointer_to_question)).has_value());
}

TEST(Message, FollowsAtMostSoManyPointers) {
  // NULL records whose RDATA is a chain of pointers, each to the one before.
  constexpr std::uint16_t type_null = 10;
  const auto chain = [](std::size_t pointer_count) {
    Octets out = header_of(7, flag_qr, {.questions = 1, .answers = 2});
    append_question(out, "a.example.", type_a);
    Octets pointers;
    std::size_t target = header_size;
    const std::size_t rdata_at = out.size() + pointer_to_question.size() + 10;
    for (std::size_t i = 0; i < pointer_count; ++i) {
      append_u16(pointers, static_cast<std::uint16_t>(0xC000 | target));
      target = rdata_at + 2 * i;
    }
    append_record(out, pointer_to_question, type_null, pointers);
    Octets owner;
    append_u16(owner, static_cast<std::uint16_t>(0xC000 | target));
    append_record(out, owner, type_a, address);
    return out;
  };
  EXPECT_TRUE(parse_message(chain(pointer_hops_max - 1)).has_value());
  EXPECT_EQ(error_of(chain(pointer_hops_max)), WireError::bad_pointer);
}

TEST(Message, ExpandedNamesKeepTheirLimit) {
  Octets out = header_of(7, flag_qr, {.questions = 1, .answers = 1});
  Octets long_name;
  for (int i = 0; i < 126; ++i) append(long_name, Octets{1, 'a'});
  append(out, long_name);
  append(out, Octets{0, 0, 1, 0, 1});
  auto good = out;
  append_record(good, Octets{1, 'b', 0xC0, 0x0C}, type_a, address);
  EXPECT_TRUE(parse_message(good).has_value());
  append_record(out, Octets{2, 'b', 'b', 1, 'b', 0xC0, 0x0C}, type_a, address);
  EXPECT_EQ(error_of(out), WireError::name_too_long);
}

TEST(Message, RefusesRdataThatDoesNotFitItsType) {
  const auto with_rdata = [](std::uint16_t type, const Octets& rdata) {
    Octets out = header_of(7, flag_qr, {.questions = 1, .answers = 1});
    append_question(out, "a.example.", type_a);
    append_record(out, pointer_to_question, type, rdata);
    return out;
  };
  EXPECT_EQ(error_of(with_rdata(type_a, {1, 2, 3})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_a, {1, 2, 3, 4, 5})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_aaaa, Octets(15))), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_a, {})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_cname, {1, 'a'})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_cname, {0, 0})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_txt, {})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_txt, {2, 'a'})), WireError::bad_rdata);
  EXPECT_EQ(error_of(with_rdata(type_https, {0, 1, 0xC0, 0x0C})), WireError::bad_rdata);
  EXPECT_TRUE(parse_message(with_rdata(type_txt, {1, 'a', 0})).has_value());
  EXPECT_TRUE(parse_message(with_rdata(65'280, {1, 2, 3})).has_value());
  EXPECT_TRUE(parse_message(with_rdata(65'280, {})).has_value());
}

TEST(Message, OptAndTsigHaveTheirPlaces) {
  const Octets root{0};
  const auto with = [&](const Counts& counts, std::initializer_list<std::uint16_t> types,
                        const Octets& owner) {
    Octets out = header_of(7, 0, counts);
    for (const std::uint16_t type : types) append_record(out, owner, type, {});
    return out;
  };
  EXPECT_TRUE(parse_message(with({.additionals = 1}, {type_opt}, root)).has_value());
  EXPECT_EQ(error_of(with({.additionals = 2}, {type_opt, type_opt}, root)), WireError::bad_opt);
  EXPECT_EQ(error_of(with({.answers = 1}, {type_opt}, root)), WireError::bad_opt);
  EXPECT_EQ(error_of(with({.additionals = 1}, {type_opt}, {1, 'a', 0})), WireError::bad_opt);
  EXPECT_EQ(error_of(with({.answers = 1}, {type_tsig}, root)), WireError::bad_tsig);
  EXPECT_EQ(error_of(with({.additionals = 2}, {type_tsig, type_opt}, root)), WireError::bad_tsig);
}

TEST(MessageReader, SaysTheSectionAndRepeatsItsError) {
  Octets out = header_of(7, flag_qr, {.answers = 1, .authorities = 1, .additionals = 1});
  for (int i = 0; i < 3; ++i) append_record(out, Octets{0}, type_a, address);
  auto reader = MessageReader::open(out);
  ASSERT_TRUE(reader.has_value());
  EXPECT_FALSE(reader->question().has_value());
  for (const Section section : {Section::answer, Section::authority, Section::additional}) {
    const auto record = reader->next();
    ASSERT_TRUE(record.has_value() && record->has_value());
    EXPECT_EQ((*record)->section, section);
  }
  EXPECT_FALSE(reader->next()->has_value());

  out.pop_back();
  auto broken = MessageReader::open(out);
  ASSERT_TRUE(broken.has_value());
  EXPECT_TRUE(broken->next().has_value());
  EXPECT_TRUE(broken->next().has_value());
  EXPECT_EQ(broken->next().error(), WireError::truncated);
  EXPECT_EQ(broken->next().error(), WireError::truncated);
}

}  // namespace
}  // namespace khien::dns
