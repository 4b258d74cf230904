// A round over resolvers that are a function: what is asked, how fast, and when it stops.
#include "probe/round.h"

#include <gtest/gtest.h>

#include <map>

#include "dns/edns.h"

namespace khien::probe {
namespace {

const auto theirs = *net::SocketAddress::parse("192.0.2.53:53");
const auto dead = *net::SocketAddress::parse("192.0.2.99:53");
const auto ours = *net::SocketAddress::parse("192.0.2.1:53");

class RoundTest : public ::testing::Test {
 protected:
  struct Asked {
    net::SocketAddress resolver;
    std::string name;
    std::uint16_t qtype;
    Transport transport;
    std::int64_t at_ms;
  };

  Result<Statement> run(const Work& work) {
    const RoundParts parts{.ask = [this](const Ask& ask) { return answer(ask); },
                           .pause =
                               [this](std::int64_t wait_ms) {
                                 clock.advance(wait_ms);
                                 return pauses_left-- > 0;
                               },
                           .clock = clock,
                           .rng = rng,
                           .program = "khien-probe test"};
    return run_round(work, parts);
  }

  Result<Observation> answer(const Ask& ask) {
    asked.push_back(
        {ask.resolver, ask.name.to_text(), ask.qtype, ask.transport, clock.steady_ms()});
    if (ask.resolver == dead) {
      clock.advance(ask.timeout_ms);
      return fail(ErrorCode::timeout, "nothing");
    }
    clock.advance(slow_ms);
    const auto name = ask.name.to_text();
    if (name == "dai.example." && ask.transport == Transport::udp) {
      Observation cut;
      cut.truncated = true;
      return cut;
    }
    if (ask.qtype == dns::type_soa) return Observation{.answer_count = 1, .soa_serial = 42};
    if (name == "xau.shop.example.") {
      return Observation{.rcode = dns::rcode_nxdomain, .extended_error = dns::ede_censored};
    }
    return Observation{.answer_count = 1};
  }

  ManualClock clock;
  SeededRng rng{3};
  int pauses_left = 1'000'000;
  std::int64_t slow_ms = 0;
  std::vector<Asked> asked;
};

Work some_work() {
  return {.id = "01KHNRVN000000000000000001",
          .questions_a_second = 10,
          .timeout_ms = 2'000,
          .resolvers = {theirs},
          .control = ours,
          .names = {{.name = "xau.shop.example", .neighbours = Neighbours::ask},
                    {.name = "da-go.example", .expected = Expected::resolving}},
          .canaries = {"tot.example"},
          .zones = {"orders-phishing.rpz.khien"},
          .nonce = "01khn.n.probe.example"};
}

TEST_F(RoundTest, AsksAllOfTheListAndNothingElse) {
  const auto statement = run(some_work());
  ASSERT_TRUE(statement.has_value()) << statement.error().message;
  ASSERT_EQ(statement->resolvers.size(), 1U);
  const auto& told = statement->resolvers.front();
  EXPECT_EQ(told.canaries.size(), 1U);
  ASSERT_EQ(told.serials.size(), 1U);
  EXPECT_EQ(told.serials.front().serial, 42);
  EXPECT_TRUE(told.nonce->has_value());
  ASSERT_EQ(told.names.size(), 2U);
  EXPECT_EQ(told.names[0].told->extended_error, dns::ede_censored);
  EXPECT_TRUE(told.names[0].parent && told.names[0].sibling);
  EXPECT_FALSE(told.names[1].parent || told.names[1].sibling);
  EXPECT_EQ(statement->control->names.size(), 2U);

  std::map<std::string, int> names;
  for (const auto& one : asked) {
    ++names[one.name];
    EXPECT_TRUE(one.resolver == theirs || one.resolver == ours);
  }
  std::string sibling;
  for (const auto& [name, count] : names) {
    if (name.starts_with("probe-")) sibling = name;
  }
  EXPECT_TRUE(sibling.ends_with(".shop.example.")) << sibling;
  const std::map<std::string, int> expected{
      {"xau.shop.example.", 2},        {"shop.example.", 2}, {sibling, 2},
      {"da-go.example.", 2},           {"tot.example.", 1},  {"orders-phishing.rpz.khien.", 1},
      {"r0.01khn.n.probe.example.", 1}};
  EXPECT_EQ(names, expected);
}

TEST_F(RoundTest, KeepsItsPace) {
  auto work = some_work();
  for (int i = 0; i < 50; ++i) work.names.push_back({.name = "a" + std::to_string(i) + ".example"});
  ASSERT_TRUE(run(work).has_value());
  for (std::size_t i = 1; i < asked.size(); ++i) {
    EXPECT_GE(asked[i].at_ms - asked[i - 1].at_ms, 100) << i;
  }
}

TEST_F(RoundTest, CutAnswersAreAskedForAgainOverTcp) {
  auto work = some_work();
  work.names = {{.name = "dai.example"}};
  work.control.reset();
  const auto statement = run(work);
  ASSERT_TRUE(statement.has_value());
  EXPECT_FALSE(statement->resolvers.front().names.front().told->truncated);
  EXPECT_EQ(asked.back().transport, Transport::tcp);
}

TEST_F(RoundTest, ADeadResolverIsLeftAfterFiveSilences) {
  auto work = some_work();
  work.resolvers = {dead, theirs};
  for (int i = 0; i < 100; ++i)
    work.names.push_back({.name = "a" + std::to_string(i) + ".example"});
  const auto statement = run(work);
  ASSERT_TRUE(statement.has_value());
  int to_dead = 0;
  for (const auto& one : asked) to_dead += one.resolver == dead ? 1 : 0;
  EXPECT_EQ(to_dead, 2 * silences_max) << "over UDP and TCP";
  const auto& told = statement->resolvers.at(0);
  EXPECT_EQ(told.canaries.front().told.error(), Silence::timeout);
  EXPECT_EQ(told.names.back().told.error(), Silence::not_asked);
  EXPECT_EQ(told.names.size(), work.names.size());
  EXPECT_TRUE(statement->resolvers.at(1).names.back().told.has_value());
}

TEST_F(RoundTest, EndsWhereItIsToldTo) {
  pauses_left = 5;
  const auto statement = run(some_work());
  ASSERT_FALSE(statement.has_value());
  EXPECT_EQ(statement.error().reason, "stopping");
  EXPECT_EQ(asked.size(), 5U);
}

// At one question a second two hours are over before the list is: the rest says that it was not
// asked.
TEST_F(RoundTest, ARoundIsNoLongerThanItsTime) {
  auto work = some_work();
  work.questions_a_second = 1;
  work.resolvers.assign(work_resolvers_max, theirs);
  work.names.assign(work_names_max, {.name = "xau.shop.example", .neighbours = Neighbours::ask});
  work.zones.assign(work_zones_max, "a.rpz.khien");
  const auto statement = run(work);
  ASSERT_TRUE(statement.has_value());
  EXPECT_LE(statement->to_ms - statement->from_ms, round_time_max_ms);
  EXPECT_EQ(statement->resolvers.back().names.size(), work_names_max);
  // 8 × (1 + 64 + 1 + 600) + 600 questions take 5,928 s: within two hours at this pace. With a
  // resolver that takes two seconds for each they do not fit.
  slow_ms = 2'000;
  const auto late = run(work);
  ASSERT_TRUE(late.has_value());
  EXPECT_LE(late->to_ms - late->from_ms, round_time_max_ms);
  EXPECT_EQ(late->control->names.back().told.error(), Silence::not_asked);
}

}  // namespace
}  // namespace khien::probe
