// What scenarios cannot say of questions to upstreams: ids and ports octet by octet, limits,
// chance.
#include <set>

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

EngineOptions with_upstreams(std::uint16_t count) {
  EngineOptions options;
  Route all{.zone = {0}, .upstreams = {}};
  for (std::uint16_t i = 0; i < count; ++i) all.upstreams.push_back(i);
  options.routes.push_back(std::move(all));
  return options;
}

void add_address(TestEngine& test, std::string_view name) {
  test.upstream(name, "A").answers = {test_record(name, "A", 1, "192.0.2.10")};
}

// So that nothing is explored, and the first one is chosen by its speed.
void make_known(TestEngine& test, std::uint16_t count) {
  for (int i = 0; i < 12; ++i) {
    const auto name = "known" + std::to_string(i) + ".example";
    add_address(test, name);
    (void)test.query({.name = name});
    test.pass_time(10);
  }
  for (std::uint16_t i = 0; i < count; ++i) {
    ASSERT_GT(test.engine_->upstreams().figures(i).answers.load(), 0U) << i;
  }
}

TEST(Upstream, TheFirstRightAnswerOfTwoWinsAndTheOtherIsHeard) {
  TestEngine test{with_upstreams(2)};
  test.servers_[1].delay_ms = 5;
  make_known(test, 2);
  test.silent_ = true;
  add_address(test, "shop.example");
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  ASSERT_EQ(test.asked_.size(), 1U);
  test.pass_time(hedge_wait_max_ms);
  ASSERT_EQ(test.asked_.size(), 2U);
  const auto first = test.asked_[0];
  const auto second = test.asked_[1];
  EXPECT_NE(first.ask.upstream, second.ask.upstream);
  EXPECT_NE(dns::load_u16(first.query, 0), dns::load_u16(second.query, 0));
  test.give(second, test.upstream_message(second));
  EXPECT_EQ(test.late_answers_.size(), 1U);
  EXPECT_EQ(test.engine_->in_flight(), 1U);  // lingers
  const auto answers = [&] {
    return test.engine_->upstreams().figures(first.ask.upstream).answers.load();
  };
  const auto before = answers();
  test.give(first, test.upstream_message(first));
  EXPECT_EQ(test.late_answers_.size(), 1U);
  EXPECT_EQ(answers(), before + 1);
  EXPECT_EQ(test.engine_->in_flight(), 0U);
  EXPECT_EQ(test.counters_.value(Count::upstream_mismatch), 0U);
}

// Where the first answer comes late, those of the other attempts come later still: each is listened
// for from the answer on, not from when it was asked.
TEST(Upstream, ALateAnswerGivesTheOthersTheirTimeToo) {
  TestEngine test{with_upstreams(2)};
  test.servers_[1].delay_ms = 5;
  make_known(test, 2);
  test.silent_ = true;
  add_address(test, "shop.example");
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  test.pass_time(hedge_wait_max_ms);
  ASSERT_EQ(test.asked_.size(), 2U);
  const auto first = test.asked_[0];
  const auto second = test.asked_[1];
  test.pass_time(linger_ms + 200);
  test.give(second, test.upstream_message(second));
  ASSERT_EQ(test.late_answers_.size(), 1U);
  test.pass_time(linger_ms - 100);
  test.give(first, test.upstream_message(first));
  EXPECT_EQ(test.counters_.value(Count::upstream_mismatch), 0U);
  test.pass_time(2 * linger_ms);
  EXPECT_EQ(test.engine_->in_flight(), 0U);
  // And it ends: who answers after that is not believed.
  test.give(first, test.upstream_message(first));
  EXPECT_EQ(test.counters_.value(Count::upstream_mismatch), 1U);
}

TEST(Upstream, WhatLingersIsLimitedAndEnds) {
  TestEngine test{with_upstreams(2)};
  make_known(test, 2);
  test.silent_ = true;
  const std::size_t count = lingering_max + 40;
  for (std::size_t i = 0; i < count; ++i)
    (void)test.query({.name = "n" + std::to_string(i) + ".example"});
  test.pass_time(1'000);
  // Whoever was asked first answers; the other attempts of each are still waited for.
  std::set<std::string> answered;
  const auto asked_all = test.asked_;
  for (const auto& asked : asked_all) {
    auto name = dns::Name{dns::parse_question(asked.query)->name()}.lower().to_text();
    if (answered.insert(name).second) test.give(asked, test.upstream_message(asked));
  }
  EXPECT_EQ(answered.size(), count);
  EXPECT_LE(test.engine_->in_flight(), lingering_max);
  EXPECT_GT(test.engine_->in_flight(), 0U);
  test.pass_time(10'000);
  EXPECT_EQ(test.engine_->in_flight(), 0U);
}

TEST(Upstream, HedgesOnlyAsOftenAsItMay) {
  TestEngine test{with_upstreams(2)};
  // Both always take longer than a hedge waits, by chance enough that nobody is late by its
  // measure.
  for (std::uint16_t i = 0; i < 2; ++i) test.servers_[i].delay_ms = i == 0 ? 300 : 310;
  for (int i = 0; i < 1'000; ++i) {
    (void)test.query({.name = "n" + std::to_string(i) + ".example"});
    test.pass_time(400);
  }
  const auto hedged = test.counters_.value(Count::upstream_hedged);
  EXPECT_GT(hedged, 64U);
  EXPECT_LT(hedged, 64U + 1'000 / hedge_credit_part + 30);
}

TEST(Upstream, AttemptsAreLimited) {
  TestEngine test{with_upstreams(16)};
  test.silent_ = true;
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  test.pass_time(question_budget_ms + 100);
  EXPECT_EQ(test.asked_count_, attempts_max);
  ASSERT_EQ(test.late_answers_.size(), 1U);
  EXPECT_EQ(dns::parse_header(test.late_answers_[0])->rcode(), dns::rcode_servfail);
}

// Ids, letter case and the choice of a port are even: a guess is as good as any other (seeded).
TEST(Upstream, IdsAndLettersAreEven) {
  TestEngine test{{}, 11};
  test.silent_ = true;
  constexpr int questions = 8'192;
  std::array<int, 64> by_high{};
  std::array<int, 64> by_low{};
  std::array<int, 10> upper{};
  for (int i = 0; i < questions; ++i) {
    (void)test.query({.name = "abcdefghij" + std::to_string(i) + ".example"});
    const auto& query = test.asked_.back().query;
    const std::uint16_t id = dns::load_u16(query, 0);
    ++by_high[id >> 10];
    ++by_low[id & 63];
    for (std::size_t k = 0; k < upper.size(); ++k) {
      if ((query[dns::header_size + 1 + k] & 0x20) == 0) ++upper[k];
    }
    if (i % 1'024 == 1'023) test.pass_time(question_budget_ms + 100);
    test.asked_.erase(test.asked_.begin(), test.asked_.end() - 1);
  }
  const auto chi_square = [&](const std::array<int, 64>& counts) {
    const double expected = questions / 64.0;
    double sum = 0;
    for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
    return sum;
  };
  // 63 degrees of freedom: above 104 once in a thousand.
  EXPECT_LT(chi_square(by_high), 104);
  EXPECT_LT(chi_square(by_low), 104);
  for (const int count : upper) EXPECT_NEAR(count, questions / 2, 200);  // 4.4 sigma
}

TEST(Upstream, EveryPrefixOfAnAnswerIsRefused) {
  TestEngine test;
  add_address(test, "shop.example");
  test.silent_ = true;
  EXPECT_TRUE(test.query({.name = "shop.example"}).empty());
  const auto asked = test.asked_.at(0);
  const Octets good = test.upstream_message(asked);
  const std::size_t question_end = dns::question_end(*dns::parse_question(good));
  for (std::size_t size = 0; size < question_end; ++size) {
    test.give(asked, to_octets(Bytes{good}.first(size)));
    EXPECT_TRUE(test.late_answers_.empty()) << size;
  }
  // With the whole question it is believed to be an answer, and broken: asked again.
  test.give(asked, to_octets(Bytes{good}.first(question_end)));
  EXPECT_TRUE(test.late_answers_.empty());
  EXPECT_EQ(test.asked_.size(), 2U);
}

TEST(Upstream, QuestionsOverTlsArePadded) {
  EngineOptions options = with_upstreams(1);
  options.protocols = {UpstreamProtocol::tls};
  TestEngine test{options};
  test.silent_ = true;
  for (const auto* name : {"a.example", "a-much-longer-name-than-the-other-one.shop.example"}) {
    (void)test.query({.name = name});
    EXPECT_TRUE(test.asked_.back().ask.over_tcp);
    EXPECT_EQ(test.asked_.back().query.size() % padding_block_size, 0U);
    EXPECT_TRUE(dns::find_edns(test.asked_.back().query).has_value());
  }
}

}  // namespace
}  // namespace khien::resolver
