#include "dns/relocate.h"

#include <gtest/gtest.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/test_packets.h"
#include "dns/writer.h"

namespace khien::dns {
namespace {

Record record_of(std::string_view owner, std::string_view type,
                 const std::vector<std::string_view>& data) {
  const auto number = *type_from_text(type);
  return {.owner = name_of(owner),
          .type = number,
          .ttl = 60,
          .rdata = *rdata_from_text(number, data, Name{})};
}

struct Old {
  Octets octets = Octets(4'096);
  std::size_t records = 0;

  Old() {
    MessageWriter writer{octets, octets.size()};
    writer.begin(7, flag_qr);
    EXPECT_TRUE(writer.add_question(name_of("vuon.example."), type_a, class_in));
    add(writer, Section::answer, record_of("vuon.example.", "CNAME", {"www.vuon.example."}));
    add(writer, Section::answer, record_of("www.vuon.example.", "A", {"192.0.2.1"}));
    add(writer, Section::answer, record_of("www.vuon.example.", "MX", {"10", "mx.vuon.example."}));
    add(writer, Section::authority, record_of("vuon.example.", "NS", {"ns.vuon.example."}));
    add(writer, Section::authority,
        record_of("example.", "SOA", {"ns.vuon.example.", "x.example.", "1", "2", "3", "4", "5"}));
    octets.resize(writer.size());
  }
  void add(MessageWriter& writer, Section section, const Record& record) {
    EXPECT_TRUE(writer.add_record(section, record));
    ++records;
  }
};

constexpr std::size_t old_records_at = header_size + 14 + 4;

TEST(Relocate, RecordsSayTheSameBehindAnotherQuestion) {
  const Old old;
  const auto before = parse_message(old.octets);
  ASSERT_TRUE(before.has_value());

  Octets out(4'096);
  MessageWriter writer{out, out.size()};
  writer.begin(8, flag_qr);
  ASSERT_TRUE(writer.add_question(name_of("xau.rat-dai.example."), type_a, class_in));
  // The name of the old question, uncompressed, in RDATA.
  const std::size_t name_at = writer.size() + 2 + 10;
  append_u16(out, 0);
  const Name target = name_of("vuon.example.");
  std::size_t at = writer.size();
  store_u16(out, at, 0xC00C);
  store_u16(out, at + 2, type_cname);
  store_u16(out, at + 4, class_in);
  store_u32(out, at + 6, 30);
  store_u16(out, at + 10, static_cast<std::uint16_t>(target.size()));
  std::ranges::copy(target.wire(), out.begin() + static_cast<std::ptrdiff_t>(at + 12));
  at += 12 + target.size();
  const auto size =
      relocate_records(old.octets, old.records,
                       {.records_at = old_records_at, .to = at, .question_name_at = name_at}, out);
  ASSERT_TRUE(size.has_value());
  store_u16(out, 6, 4);
  store_u16(out, 8, 2);
  const auto after = parse_message(Bytes{out}.first(*size));
  ASSERT_TRUE(after.has_value()) << to_string(after.error());
  ASSERT_EQ(after->answers.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(after->answers[i + 1], before->answers[i]) << i;
  EXPECT_EQ(after->authorities, before->authorities);
}

TEST(Relocate, RefusesWhatIsCutOrDoesNotFit) {
  const Old old;
  const Relocation relocation{
      .records_at = old_records_at, .to = old_records_at, .question_name_at = header_size};
  Octets out(old.octets.size());
  EXPECT_EQ(relocate_records(old.octets, old.records, relocation, out), old.octets.size());
  for (std::size_t size = 0; size < old.octets.size(); ++size) {
    EXPECT_FALSE(
        relocate_records(Bytes{old.octets}.first(size), old.records, relocation, out).has_value())
        << size;
  }
  out.resize(out.size() - 1);
  EXPECT_FALSE(relocate_records(old.octets, old.records, relocation, out).has_value());
  // Pointers that would have to reach further than 14 bits.
  Octets large(0x8000);
  EXPECT_FALSE(
      relocate_records(old.octets, old.records,
                       {.records_at = old_records_at, .to = 0x4000, .question_name_at = 12}, large)
          .has_value());
}

}  // namespace
}  // namespace khien::dns
