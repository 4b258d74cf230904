#include "resolver/upstream_answer.h"

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t ede_signature_expired = 7;

struct Packet {
  std::vector<dns::Record> answers = {};
  std::vector<dns::EdnsOption> options = {};
  std::vector<dns::Record> additionals = {};

  [[nodiscard]] Octets octets(std::string_view type = "A") const {
    Octets buffer(dns::message_size_max);
    dns::MessageWriter writer{buffer, buffer.size()};
    writer.begin(1, dns::flag_qr);
    KHIEN_ASSERT(
        writer.add_question(test_name("shop.example"), *dns::type_from_text(type), dns::class_in));
    for (const auto& record : answers) {
      KHIEN_ASSERT(writer.add_record(dns::Section::answer, record));
    }
    KHIEN_ASSERT(dns::add_edns(writer, {.options = options}));
    for (const auto& record : additionals) {
      KHIEN_ASSERT(writer.add_record(dns::Section::additional, record));
    }
    buffer.resize(writer.size());
    return buffer;
  }
};

dns::EdnsOption extended(std::string_view text, std::span<std::uint8_t> room) {
  return dns::make_extended_error({.info_code = ede_signature_expired, .text = text}, room);
}

std::string extended_after_reading(std::span<const dns::EdnsOption> options) {
  Octets message = Packet{.options = {options.begin(), options.end()}}.octets();
  UpstreamAnswer answer;
  EXPECT_TRUE(answer.read(message));
  if (answer.extended().empty()) return "none";
  return std::to_string(dns::load_u16(answer.extended(), 0)) + " " +
         to_text(answer.extended().subspan(2));
}

TEST(UpstreamAnswer, KeepsTheExtendedErrorAndNoOtherOption) {
  Octets room(64);
  const Octets secret(16, 0xAA);
  const std::vector<dns::EdnsOption> options{{.code = dns::option_cookie, .data = secret},
                                             {.code = dns::option_client_subnet, .data = secret},
                                             extended("chữ ký hết hạn", room)};
  EXPECT_EQ(extended_after_reading(options), "7 chữ ký hết hạn");

  Octets message = Packet{.options = options}.octets();
  UpstreamAnswer answer;
  ASSERT_TRUE(answer.read(message));
  EXPECT_EQ(as_text(answer.message()).find(as_text(secret)), std::string_view::npos);
  EXPECT_EQ(dns::load_u16(answer.message(), 10), 0);
}

TEST(UpstreamAnswer, LeavesOutATextThatIsNotFitToBePassedOn) {
  Octets room(1'024);
  const auto read = [&](std::string_view text) {
    return extended_after_reading(std::vector{extended(text, room)});
  };
  EXPECT_EQ(read(""), "7 ");
  EXPECT_EQ(read(std::string(200, 'x')), "7 " + std::string(200, 'x'));
  EXPECT_EQ(read(std::string(201, 'x')), "7 ");
  EXPECT_EQ(read("line\nline"), "7 ");
  EXPECT_EQ(read("\x1b[31m"), "7 ");
  EXPECT_EQ(read("\xff\xfe"), "7 ");
}

TEST(UpstreamAnswer, KeepsTheFirstOfSeveralExtendedErrors) {
  Octets first(64);
  Octets second(64);
  EXPECT_EQ(extended_after_reading(std::vector{extended("one", first), extended("two", second)}),
            "7 one");
}

TEST(UpstreamAnswer, IgnoresAnExtendedErrorWithoutACode) {
  const Octets one_octet{0};
  EXPECT_EQ(extended_after_reading(std::vector<dns::EdnsOption>{
                {.code = dns::option_extended_error, .data = one_octet}}),
            "none");
}

// 1 . ipv4hint=192.0.2.7,192.0.2.8 ipv6hint=2001:db8::9
constexpr std::string_view hints =
    "\\# 35 0001 00 0004 0008 c0000207 c0000208 0006 0010 20010db8000000000000000000000009";

TEST(UpstreamAnswer, ShowsEveryAddressOfTheAnswerSection) {
  const Packet packet{.answers = {test_record("shop.example", "CNAME", 60, "cdn.example"),
                                  test_record("cdn.example", "A", 60, "192.0.2.1"),
                                  test_record("cdn.example", "AAAA", 60, "2001:db8::2"),
                                  test_record("cdn.example", "HTTPS", 60, hints)},
                      .additionals = {test_record("ns.example", "A", 60, "192.0.2.99")}};
  Octets message = packet.octets();
  UpstreamAnswer answer;
  ASSERT_TRUE(answer.read(message));
  std::vector<std::string> seen;
  answer.for_each_address([&](Bytes address) {
    seen.push_back(to_string(net::IpAddress::from_octets(address).value()));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"192.0.2.1", "2001:db8::2", "192.0.2.7", "192.0.2.8",
                                            "2001:db8::9"}));
}

TEST(UpstreamAnswer, TheCacheShowsTheSameAddresses) {
  Octets message = Packet{.answers = {test_record("shop.example", "A", 60, "192.0.2.1"),
                                      test_record("shop.example", "HTTPS", 60, hints)}}
                       .octets();
  UpstreamAnswer answer;
  ASSERT_TRUE(answer.read(message));
  PacketCache cache{cache_size_min};
  const auto name = test_name("shop.example");
  const CacheKey key{.qname = name.wire(), .hash = 5, .qtype = dns::type_a};
  ASSERT_TRUE(cache.put(key, {.message = answer.message(), .ttl_at = answer.ttl_at(), .ttl_s = 1}));
  std::size_t count = 0;
  cache.find(key)->for_each_address([&](Bytes address) {
    if (count == 0) {
      EXPECT_EQ(to_octets(address), (Octets{192, 0, 2, 1}));
    }
    ++count;
  });
  EXPECT_EQ(count, 4U);
}

// Policy could not see where it leads.
TEST(UpstreamAnswer, RefusesAddressesAndServicesThatCannotBeRead) {
  const std::vector<std::pair<std::uint16_t, Octets>> broken{
      {dns::type_a, {192, 0, 2}},
      {dns::type_aaaa, {192, 0, 2, 1}},
      {dns::type_https, {0, 1, 0, 0, 4, 0, 3, 192, 0, 2}},  // a hint of three octets
      {dns::type_https, {0, 1, 0, 0, 4, 0, 8, 192, 0}},     // one that ends early
      {dns::type_svcb, {0, 1}},                             // no target
      {dns::type_svcb, {0, 1, 0xC0, 12}},                   // a compressed one
      {dns::type_cname, {1, 'a'}}};
  for (const auto& [type, rdata] : broken) {
    const Packet packet{
        .answers = {{.owner = test_name("shop.example"), .type = type, .ttl = 60, .rdata = rdata}}};
    Octets message = packet.octets();
    UpstreamAnswer answer;
    EXPECT_FALSE(answer.read(message)) << dns::type_to_text(type) << " " << rdata.size();
  }
}

}  // namespace
}  // namespace khien::resolver
