#include "resolver/answer.h"

#include <set>

#include "codec/json.h"
#include "resolver/block_text.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

/// The answer to a query for a blocked name, read again.
class BlockedAnswer {
 public:
  explicit BlockedAnswer(const BlockAnswer& block, std::string_view source = "feeds-phishing",
                         std::string_view name = "scam.example", std::size_t size_max = 1'232)
      : packet_(packet_of({.name = std::string{name}})) {
    auto query = read_query(packet_, Transport::udp);
    query.wants_structured = true;
    AnswerHead head = AnswerHead::of(query, packet_);
    head.size_max = size_max;
    octets_.resize(size_max);
    const policy::Verdict verdict{.action = policy::Action::nxdomain,
                                  .source = policy::source_named(source),
                                  .stands_for = policy::source_named(source)};
    octets_.resize(
        write_blocked(head, {.verdict = verdict, .name = query.question.qname}, block, octets_));
    const auto edns = dns::find_edns(octets_);
    if (!edns || !*edns) return;
    const auto option = dns::find_option(**edns, dns::option_extended_error);
    if (!option) return;
    extended_ = *dns::parse_extended_error(*option);
  }
  [[nodiscard]] std::string text() const { return std::string{extended_.text}; }
  [[nodiscard]] std::uint16_t code() const { return extended_.info_code; }
  [[nodiscard]] std::size_t size() const { return octets_.size(); }

 private:
  Octets packet_;
  Octets octets_;
  dns::ExtendedError extended_;
};

const BlockAnswer full{.base_url = "https://khien.example",
                       .contacts = {"mailto:hoi@khien.example", "tel:+84-24-0000-0000"},
                       .organisation = "Trường \"Ví Dụ\" \\ 1",
                       .language = "vi"};

TEST(StructuredError, IsAnObjectWithTheNamesOfTheDraft) {
  const BlockedAnswer answer{full};
  EXPECT_EQ(answer.code(), 15);
  const auto json = codec::Json::parse(answer.text(), {.size_max = 1'000});
  ASSERT_TRUE(json.has_value()) << answer.text();
  EXPECT_EQ(answer.text(),
            "{\"c\":[\"mailto:hoi@khien.example\",\"tel:+84-24-0000-0000\","
            "\"https://khien.example/l/scam.example\"],\"j\":\"category=phishing\",\"s\":2,"
            "\"o\":\"Trường \\\"Ví Dụ\\\" \\\\ 1\",\"l\":\"vi\"}");
  EXPECT_EQ(json->text_at("o").value(), full.organisation);
}

TEST(StructuredError, HasASubErrorWhereTheDraftHasOneForTheCode) {
  const auto sub_error = [](std::string_view source) {
    const BlockedAnswer answer{full, source};
    const auto json = codec::Json::parse(answer.text(), {.size_max = 1'000});
    const auto at = answer.text().find("\"s\":");
    return std::to_string(answer.code()) + " " +
           (at == std::string::npos ? "none" : answer.text().substr(at + 4, 1));
  };
  EXPECT_EQ(sub_error("feeds-malware"), "15 1");
  EXPECT_EQ(sub_error("feeds-phishing"), "15 2");
  EXPECT_EQ(sub_error("feeds-spam"), "15 3");
  EXPECT_EQ(sub_error("feeds-fraud"), "15 6");
  EXPECT_EQ(sub_error("orders-phishing"), "16 none");
  EXPECT_EQ(sub_error("choice-ads"), "17 none");
  EXPECT_EQ(sub_error("emergency"), "16 none");
}

// Each text is whole or not there: JSON, then words with the link, then words, then the code alone.
TEST(StructuredError, IsNeverCut) {
  std::set<std::string> texts;
  for (std::size_t size_max = 512; size_max >= 64; --size_max) {
    const BlockedAnswer answer{full, "feeds-phishing", "scam.example", size_max};
    ASSERT_LE(answer.size(), size_max);
    texts.insert(answer.text());
  }
  const std::set<std::string> expected{BlockedAnswer{full}.text(),
                                       "category=phishing https://khien.example/l/scam.example",
                                       "category=phishing", ""};
  EXPECT_EQ(texts, expected);
}

TEST(StructuredError, HasRoomForTheLongestNameOrGivesWords) {
  std::string name = "scam.example";
  while (name.size() + 2 <= 253) name = "x." + name;
  const BlockedAnswer answer{full, "feeds-phishing", name};
  EXPECT_TRUE(codec::Json::parse(answer.text(), {.size_max = 1'000}).has_value());
  BlockAnswer large = full;
  for (auto& contact : large.contacts) contact.resize(contact_size_max, 'x');
  large.organisation.assign(organisation_size_max, 'o');
  EXPECT_EQ(BlockedAnswer(large, "feeds-phishing", name).text(),
            "category=phishing https://khien.example/l/" + name);
}

TEST(StructuredError, NeedsSomebodyToAsk) {
  EXPECT_EQ(BlockedAnswer{BlockAnswer{}}.text(), "category=phishing");
  EXPECT_EQ((BlockedAnswer{{.contacts = {"tel:+84"}}}.text()),
            "{\"c\":[\"tel:+84\"],\"j\":\"category=phishing\",\"s\":2}");
  EXPECT_EQ((BlockedAnswer{{.base_url = "https://k.example", .structured = false}}.text()),
            "category=phishing https://k.example/l/scam.example");
}

TEST(BlockAnswer, TakesOnlyWhatMayStandInAnAnswer) {
  EXPECT_TRUE(check_block_answer(full));
  EXPECT_TRUE(check_block_answer({}));
  for (const std::string_view contact :
       {"", "tel:", "http://a.example", "javascript:alert(1)", "mailto:a b", "mailto:\xff"}) {
    EXPECT_FALSE(check_block_answer({.contacts = {std::string{contact}}})) << contact;
  }
  EXPECT_TRUE(check_block_answer({.contacts = {"tel:" + std::string(124, '1')}}));
  EXPECT_FALSE(check_block_answer({.contacts = {"tel:" + std::string(125, '1')}}));
  EXPECT_TRUE(check_block_answer({.contacts = std::vector<std::string>(4, "tel:1")}));
  EXPECT_FALSE(check_block_answer({.contacts = std::vector<std::string>(5, "tel:1")}));
  EXPECT_FALSE(check_block_answer({.organisation = "two\nlines"}));
  EXPECT_FALSE(check_block_answer({.organisation = "\xff"}));
  EXPECT_FALSE(check_block_answer({.organisation = std::string(129, 'x')}));
  EXPECT_FALSE(check_block_answer({.language = "v"}));
  EXPECT_FALSE(check_block_answer({.language = "vi\"}"}));
  EXPECT_FALSE(check_block_answer({.base_url = "https://a b"}));
}

// RFC 8467 section 4.1: answers fill blocks of 468 octets, up to what the client can take.
TEST(Padding, FillsBlocksOrToTheLimit) {
  const Octets packet = packet_of({.name = "a.example"});
  const auto query = read_query(packet, Transport::dot);
  for (std::size_t text_size = 0; text_size <= 1'000; text_size += 7) {
    AnswerHead head = AnswerHead::of(query, packet);
    head.wants_padding = true;
    Octets out(dns::message_size_max);
    const std::string text(text_size, 'x');
    out.resize(write_error(head, dns::rcode_servfail, {.info_code = 22, .text = text}, out));
    EXPECT_EQ(out.size() % answer_block_size, 0U) << text_size;
    const auto edns = dns::find_edns(out);
    ASSERT_TRUE(edns && *edns);
    EXPECT_TRUE(dns::find_option(**edns, dns::option_padding).has_value());

    head.size_max = 512;
    Octets small(512);
    small.resize(write_error(head, dns::rcode_servfail, {.info_code = 22, .text = text}, small));
    EXPECT_TRUE(small.size() == 468 || small.size() == 512 || small.size() > 508) << text_size;
    EXPECT_TRUE(dns::parse_message(small).has_value()) << text_size;
  }
}

}  // namespace
}  // namespace khien::resolver
