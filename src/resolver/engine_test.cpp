// What scenarios (tests/scenario) cannot say: packets octet by octet, forged answers, limits, and
// that the query path allocates nothing.
#include "resolver/engine.h"

#include <set>

#include "dns/edns.h"

#include "resolver/test_allocations.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

void add_address(TestEngine& test, std::string_view name, std::uint32_t ttl = 300) {
  test.upstream(name, "A").answers = {test_record(name, "A", ttl, "192.0.2.10")};
}

std::uint16_t rcode_of(Bytes message) { return dns::parse_header(message)->rcode(); }

TEST(Engine, AllocatesNothingForBlockedAndCachedNames) {
  TestEngine test;
  test.block("orders-phishing", "scam.example");
  add_address(test, "shop.example");
  ASSERT_FALSE(test.query({.name = "shop.example"}).empty());
  const Octets blocked = packet_of({.name = "www.scam.example"});
  const Octets cached = packet_of({.name = "shop.example"});
  Octets out(udp_answer_size_max);
  test.engine_->begin_batch(test.now_ms_);
  const std::size_t before = allocation_count;
  for (int i = 0; i < 1'000; ++i) {
    for (const Octets* packet : {&blocked, &cached}) {
      test.engine_->prepare(*packet, Transport::udp, test.prepared_);
      ASSERT_NE(test.engine_->handle(test.prepared_, Transport::udp, {}, out), 0U);
    }
  }
  EXPECT_EQ(allocation_count - before, 0U);
}

TEST(Engine, AllocatesNothingForForwardedNamesEither) {
  TestEngine test;
  add_address(test, "shop.example");
  ASSERT_FALSE(test.query({.name = "shop.example"}).empty());
  test.silent_ = true;
  const Octets query = packet_of({.name = "other.example"});
  Octets out(udp_answer_size_max);
  test.asked_.reserve(8);
  test.engine_->prepare(query, Transport::udp, test.prepared_);
  const std::size_t before = allocation_count;
  (void)test.engine_->handle(test.prepared_, Transport::udp, {}, out);
  EXPECT_LE(allocation_count - before, 1U);  // the test's own copy of what was asked
}

TEST(Engine, KeepsIdAndLetterCase) {
  TestEngine test;
  test.block("orders-phishing", "scam.example");
  add_address(test, "shop.example");
  for (const auto name : {"sCaM.eXample", "sHoP.exAMple"}) {
    const Octets query = packet_of({.name = name, .id = 0xBEEF});
    const Octets answer = test.send(query);
    ASSERT_GT(answer.size(), 12U) << name;
    EXPECT_EQ(dns::load_u16(answer, 0), 0xBEEF);
    const auto question = dns::parse_question(answer);
    ASSERT_TRUE(question.has_value());
    EXPECT_EQ(question->name().to_text(), std::string{name} + ".");
  }
}

TEST(Engine, EveryPrefixOfAQueryIsRefusedOrDropped) {
  TestEngine test;
  const Octets packet = packet_of({.name = "scam.example"});
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const Octets answer = test.send(Bytes{packet}.first(size));
    if (size < dns::header_size) {
      EXPECT_TRUE(answer.empty()) << size;
    } else {
      ASSERT_FALSE(answer.empty()) << size;
      EXPECT_EQ(rcode_of(answer), dns::rcode_formerr) << size;
    }
  }
  EXPECT_EQ(test.asked_count_, 0U);
}

TEST(Engine, NeverAnswersAnAnswer) {
  TestEngine test;
  EXPECT_TRUE(test.query({.name = "a.example", .flags = dns::flag_qr}).empty());
}

TEST(Engine, SendsOneQuestionForManyClients) {
  TestEngine test;
  add_address(test, "shop.example");
  test.silent_ = true;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  EXPECT_EQ(test.asked_count_, 1U);
  test.late_answers_.clear();
  test.pump();
  EXPECT_EQ(test.late_answers_.size(), 10U);
  EXPECT_EQ(test.engine_->in_flight(), 0U);
}

// A forged answer lacks one of id, port, name or type; letter case has scenarios of its own.
TEST(Engine, BelievesNoForgedAnswer) {
  TestEngine test;
  add_address(test, "shop.example");
  test.silent_ = true;
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  const auto asked = test.asked_.at(0);
  const Octets good = test.upstream_message(asked);
  const auto forge = [&](std::size_t at, std::uint8_t bits, std::uint16_t port) {
    Octets message = good;
    message[at] ^= bits;
    test.engine_->upstream_answered(port, false, message);
  };
  forge(0, 0x01, asked.port);                       // id
  forge(13, 0x01, asked.port);                      // name
  forge(dns::header_size + 14 + 1, 4, asked.port);  // type
  forge(0, 0, static_cast<std::uint16_t>(asked.port + 1));
  EXPECT_TRUE(test.late_answers_.empty());
  EXPECT_EQ(test.counters_.value(Count::upstream_mismatch), 4U);
  forge(0, 0, asked.port);
  EXPECT_EQ(test.late_answers_.size(), 1U);
}

TEST(Engine, RandomisesIdAndLetterCase) {
  TestEngine test;
  test.silent_ = true;
  std::set<std::uint16_t> ids;
  std::set<std::string> names;
  for (int i = 0; i < 50; ++i) {
    (void)test.query({.name = "abcdefghij" + std::to_string(i) + ".example"});
    ids.insert(dns::load_u16(test.asked_.back().query, 0));
    names.insert(dns::parse_question(test.asked_.back().query)->name().to_text().substr(0, 10));
  }
  EXPECT_GT(ids.size(), 45U);
  EXPECT_GT(names.size(), 40U);
}

TEST(Engine, HasALimitOfQuestionsUnderWay) {
  TestEngine test;
  test.silent_ = true;
  for (std::size_t i = 0; i < in_flight_max + 3; ++i) {
    (void)test.query({.name = "n" + std::to_string(i) + ".example"});
  }
  EXPECT_EQ(test.engine_->in_flight(), in_flight_max);
  EXPECT_EQ(test.counters_.value(Count::dropped_in_flight), 3U);
  test.pass_time(10'000);
  EXPECT_EQ(test.engine_->in_flight(), 0U);
}

TEST(Engine, HasALimitOfWaitingClients) {
  TestEngine test;
  test.silent_ = true;
  for (std::size_t i = 0; i < waiters_a_name_max + 2; ++i) (void)test.query({.name = "a.example"});
  EXPECT_EQ(test.counters_.value(Count::dropped_waiters), 2U);
  test.pump();
  EXPECT_EQ(test.late_answers_.size(), waiters_a_name_max);
}

// A client of a stream does not ask again by itself.
TEST(Engine, TellsAStreamThatThereIsNoRoom) {
  TestEngine test;
  test.silent_ = true;
  for (std::size_t i = 0; i < waiters_a_name_max; ++i) (void)test.query({.name = "a.example"});
  const Octets answer = test.query({.name = "a.example"}, Transport::dot);
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_servfail);
  EXPECT_EQ(test.counters_.value(Count::dropped_waiters), 1U);
}

TEST(Engine, TruncatesWhatTheClientCannotTake) {
  TestEngine test;
  auto& answer = test.upstream("many.example", "A");
  for (int i = 1; i <= 40; ++i) {
    answer.answers.push_back(test_record("many.example", "A", 60, "192.0.2." + std::to_string(i)));
  }
  (void)test.query({.name = "many.example"});
  const Octets small = test.query({.name = "many.example", .edns = false});
  EXPECT_TRUE(dns::parse_header(small)->has(dns::flag_tc));
  EXPECT_LE(small.size(), 512U);
  const Octets large = test.query({.name = "many.example"});
  EXPECT_FALSE(dns::parse_header(large)->has(dns::flag_tc));
  EXPECT_EQ(dns::parse_header(large)->answer_count, 40);
}

TEST(Engine, AsksOverTcpWhatCameTruncated) {
  TestEngine test{{.tcp_upstream = true}};
  auto& answer = test.upstream("large.example", "A");
  answer.truncated = true;
  answer.answers = {test_record("large.example", "A", 60, "192.0.2.1")};
  const Octets got = test.query({.name = "large.example"}, Transport::tcp);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(dns::parse_header(got)->answer_count, 1);
  EXPECT_EQ(test.counters_.value(Count::upstream_tcp), 1U);
}

// RFC 6840 sections 5.7 and 5.8: AD goes to those who asked for it, by AD or DO, and only if the
// upstream set it. CD and DO come back as they were, and each is a question of its own upstream.
TEST(Engine, ShowsTheFlagsOfDnssecToThoseWhoAskForThem) {
  for (int bits = 0; bits < 16; ++bits) {
    const bool validated = (bits & 1) != 0;
    const bool dnssec_ok = (bits & 2) != 0;
    const bool checking_disabled = (bits & 4) != 0;
    const bool asks_ad = (bits & 8) != 0;
    TestEngine test;
    add_address(test, "shop.example");
    test.upstream("shop.example", "A").authentic = validated;
    TestQuery query{.name = "shop.example", .dnssec_ok = dnssec_ok};
    if (asks_ad) query.flags |= dns::flag_ad;
    if (checking_disabled) query.flags |= dns::flag_cd;
    for (const bool cached : {false, true}) {
      const Octets answer = test.query(query);
      ASSERT_FALSE(answer.empty());
      const auto header = dns::parse_header(answer);
      const auto edns = dns::find_edns(answer);
      EXPECT_EQ(header->has(dns::flag_ad), validated && (asks_ad || dnssec_ok)) << bits;
      EXPECT_EQ(header->has(dns::flag_cd), checking_disabled) << bits;
      ASSERT_TRUE(edns && *edns) << bits;
      EXPECT_EQ((*edns)->dnssec_ok, dnssec_ok) << bits;
      EXPECT_EQ(test.asked_count_, 1U) << bits << cached;
    }
    // Whoever wants it the other way round does not get this answer.
    query.dnssec_ok = !dnssec_ok;
    (void)test.query(query);
    EXPECT_EQ(test.asked_count_, 2U) << bits;
  }
}

// What clients say about themselves in options stays here: upstream is asked anew, with an OPT that
// is empty. (ECS and cookies replayed to others are what users of forwarders suffer from.)
TEST(Engine, SendsNoOptionOfAClientUpstream) {
  TestEngine test;
  add_address(test, "shop.example");
  test.silent_ = true;
  const std::string_view secret = "client-secret-octets";
  TestQuery query{.name = "shop.example"};
  for (const std::uint16_t code :
       {dns::option_client_subnet, dns::option_cookie, dns::option_padding, std::uint16_t{65001}}) {
    query.options.emplace_back(code, to_octets(secret));
  }
  EXPECT_TRUE(test.query(query).empty());
  ASSERT_EQ(test.asked_.size(), 1U);
  const Octets asked = test.asked_[0].query;
  EXPECT_EQ(as_text(asked).find(secret), std::string_view::npos);
  const auto edns = dns::find_edns(asked);
  ASSERT_TRUE(edns && *edns);
  EXPECT_TRUE((*edns)->options.empty());
  // Another client of another subnet gets the same answer from the cache, and no option either.
  test.pump();
  const Octets answer = test.query({.name = "shop.example"});
  EXPECT_EQ(test.asked_count_, 1U);
  EXPECT_EQ(as_text(answer).find(secret), std::string_view::npos);
}

// A name that people ask for is asked upstream once in the last tenth of its life, and nobody
// waits.
TEST(Engine, AsksAheadForWhatIsInUse) {
  TestEngine test;
  add_address(test, "shop.example", 100);
  const auto ask = [&] { return test.query({.name = "shop.example"}); };
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(ask().empty());
  test.pass_time(89'000);
  ASSERT_FALSE(ask().empty());
  EXPECT_EQ(test.asked_count_, 1U);
  test.pass_time(2'000);
  test.silent_ = true;
  EXPECT_FALSE(ask().empty()) << "from the cache, at once";
  EXPECT_FALSE(ask().empty());
  EXPECT_EQ(test.asked_count_, 2U) << "once";
  EXPECT_EQ(test.counters_.value(Count::refreshes), 1U);
  test.pump();
  EXPECT_TRUE(test.late_answers_.empty());
  test.pass_time(60'000);
  EXPECT_FALSE(ask().empty());
  EXPECT_EQ(test.asked_count_, 2U) << "the new answer is in the cache";
}

TEST(Engine, AsksAheadForNothingThatWasUsedOnce) {
  TestEngine test;
  add_address(test, "shop.example", 100);
  (void)test.query({.name = "shop.example"});
  test.pass_time(95'000);
  EXPECT_FALSE(test.query({.name = "shop.example"}).empty());
  EXPECT_EQ(test.asked_count_, 1U);
}

TEST(Engine, ARefreshThatFailsLeavesTheAnswer) {
  TestEngine test;
  add_address(test, "shop.example", 100);
  for (int i = 0; i < 3; ++i) (void)test.query({.name = "shop.example"});
  test.pass_time(92'000);
  test.unreachable_ = true;
  EXPECT_FALSE(test.query({.name = "shop.example"}).empty());
  EXPECT_EQ(test.engine_->in_flight(), 0U);
  const Octets answer = test.query({.name = "shop.example"});
  EXPECT_EQ(rcode_of(answer), dns::rcode_noerror);
  EXPECT_EQ(dns::parse_header(answer)->answer_count, 1);
}

// Above refreshes_max questions under way nothing is asked ahead.
TEST(Engine, HasALimitOfRefreshes) {
  TestEngine test;
  add_address(test, "shop.example", 100);
  for (int i = 0; i < 3; ++i) (void)test.query({.name = "shop.example"});
  test.pass_time(92'000);
  test.silent_ = true;
  for (std::size_t i = 0; i < refreshes_max; ++i) {
    (void)test.query({.name = "n" + std::to_string(i) + ".example"});
  }
  EXPECT_FALSE(test.query({.name = "shop.example"}).empty());
  EXPECT_EQ(test.counters_.value(Count::refreshes), 0U);
  EXPECT_EQ(test.counters_.value(Count::dropped_refresh), 1U);
}

TEST(Engine, KeepsAnswersWithinTheLimitsOfItsOptions) {
  TestEngine test{{.cache_ttl_min_s = 60, .cache_ttl_max_s = 120}};
  add_address(test, "short.example", 5);
  add_address(test, "never.example", 0);
  add_address(test, "long.example", 100'000);
  const auto ask_all = [&] {
    for (const auto name : {"short.example", "never.example", "long.example"}) {
      ASSERT_FALSE(test.query({.name = name}).empty());
    }
  };
  ask_all();
  test.pass_time(50'000);
  ask_all();
  EXPECT_EQ(test.asked_count_, 4U) << "a TTL of 0 is never kept";
  test.pass_time(71'000);
  (void)test.query({.name = "long.example"});
  EXPECT_EQ(test.asked_count_, 5U);
}

// An rcode above 15 would lose its upper bits with the upstream's OPT and turn into NOERROR.
TEST(Engine, AnswersServfailToAnRcodeThatStandsInOptAlone) {
  TestEngine test;
  test.upstream("odd.example", "A").rcode = 23;  // BADCOOKIE
  const Octets answer = test.query({.name = "odd.example"});
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(rcode_of(answer), dns::rcode_servfail);
}

// The longest name and no room: what does not fit is left out, never cut in the middle.
TEST(Engine, BlocksTheLongestNameWithin512Octets) {
  TestEngine test{{.block = {.base_url = "https://khien.example"}}};
  test.block("orders-phishing", "scam.example");
  std::string name = "scam.example";
  while (name.size() + 2 <= 253) name = "x." + name;
  const Octets answer = test.query({.name = name, .payload_size = 512});
  ASSERT_FALSE(answer.empty());
  EXPECT_LE(answer.size(), 512U);
  EXPECT_TRUE(dns::parse_message(answer).has_value());
}

}  // namespace
}  // namespace khien::resolver
