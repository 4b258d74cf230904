#include "resolver/zone_copy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/assert.h"
#include "dns/writer.h"

namespace khien::resolver {
namespace {

using dns::Name;

const Name zone = *Name::from_text("rpz.example.");

/// An answer written record by record.
class Answer {
 public:
  Answer() : buffer_(4'096), writer_(buffer_, buffer_.size()) {
    writer_.begin(7, dns::flag_qr | dns::flag_aa);
  }
  Answer& soa(std::uint32_t serial) {
    const dns::Soa soa{.primary = zone,
                       .mailbox = zone,
                       .serial = serial,
                       .refresh_s = 60,
                       .retry_s = 30,
                       .expire_s = 600,
                       .minimum_s = 30};
    return add(zone, dns::type_soa, dns::make_soa(soa));
  }
  Answer& block(std::string_view name) {
    const Octets root{0};
    return add(*Name::from_text(std::string{name} + ".rpz.example."), dns::type_cname, root);
  }
  [[nodiscard]] Octets message() { return to_octets(writer_.message()); }

 private:
  Answer& add(const Name& owner, std::uint16_t type, Bytes rdata) {
    const bool fits =
        writer_.add_record(dns::Section::answer, owner, {.type = type, .ttl = 60}, rdata);
    KHIEN_ASSERT(fits);
    return *this;
  }
  Octets buffer_;
  dns::MessageWriter writer_;
};

Result<bool> take(ZoneCopy& copy, Answer answer) {
  ZoneCopy::Update update{copy, copy.serial()};
  auto fed = update.feed(answer.message());
  if (!fed) return fed;
  EXPECT_TRUE(*fed) << "the transfer is whole";
  return update.finish();
}

/// The lines behind the first, sorted.
std::vector<std::string> rules_of(const ZoneCopy& copy) {
  std::vector<std::string> lines;
  std::string text = copy.text();
  std::size_t at = text.find('\n') + 1;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

constexpr const char* soa_line =
    "rpz.example. 30 IN SOA rpz.example. rpz.example. 1 60 30 600 30\n";

TEST(ZoneCopy, HoldsAWholeZoneAsAFile) {
  ZoneCopy copy{zone};
  EXPECT_FALSE(copy.serial().has_value());
  ASSERT_EQ(take(copy, Answer{}.soa(1).block("XAU.example").block("*.xau.example").soa(1)), true);
  EXPECT_EQ(copy.serial(), 1U);
  EXPECT_TRUE(copy.text().starts_with(soa_line)) << copy.text();
  EXPECT_EQ(rules_of(copy), (std::vector<std::string>{"*.xau.example.rpz.example. 60 IN CNAME .",
                                                      "xau.example.rpz.example. 60 IN CNAME ."}));
  EXPECT_EQ(copy.empty_text(), soa_line);
}

TEST(ZoneCopy, TakesChangesInOrder) {
  ZoneCopy copy{zone};
  ASSERT_EQ(take(copy, Answer{}.soa(1).block("a").block("b").soa(1)), true);
  // 1 → 2 takes a out, 2 → 4 brings it back and takes b out.
  ASSERT_EQ(take(copy, Answer{}
                           .soa(4)
                           .soa(1)
                           .block("a")
                           .soa(2)
                           .block("c")
                           .soa(2)
                           .block("b")
                           .soa(4)
                           .block("a")
                           .soa(4)),
            true);
  EXPECT_EQ(copy.serial(), 4U);
  EXPECT_EQ(rules_of(copy), (std::vector<std::string>{"a.rpz.example. 60 IN CNAME .",
                                                      "c.rpz.example. 60 IN CNAME ."}));
  ASSERT_EQ(take(copy, Answer{}.soa(4)), false);
}

TEST(ZoneCopy, ChangesThatDoNotFitLeaveItAsItWas) {
  ZoneCopy copy{zone};
  ASSERT_EQ(take(copy, Answer{}.soa(1).block("a").block("b").soa(1)), true);
  const auto before = rules_of(copy);
  for (const bool adds : {false, true}) {
    Answer answer;
    answer.soa(2).soa(1).block("a");
    if (!adds) answer.block("unknown");
    answer.soa(2).block("c");
    if (adds) answer.block("b");
    const auto done = take(copy, std::move(answer.soa(2)));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::conflict);
    EXPECT_EQ(copy.serial(), 1U);
    EXPECT_EQ(rules_of(copy), before);
  }
}

TEST(ZoneCopy, RefusesWhatIsTooLargeOrNotOfTheZone) {
  ZoneCopy copy{zone, 2};
  ZoneCopy::Update large{copy, std::nullopt};
  const auto refused = large.feed(Answer{}.soa(1).block("a").block("b").block("c").message());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
  ASSERT_EQ(take(copy, Answer{}.soa(1).block("a").block("b").soa(1)), true);

  ZoneCopy other{*Name::from_text("other.example.")};
  ZoneCopy::Update foreign{other, std::nullopt};
  const auto foreign_zone = foreign.feed(Answer{}.soa(1).message());
  ASSERT_FALSE(foreign_zone.has_value());
  EXPECT_EQ(foreign_zone.error().reason, "bad_transfer");
}

}  // namespace
}  // namespace khien::resolver
