#include "recheck/judge.h"

#include <gtest/gtest.h>

namespace khien::recheck {
namespace {

using cases::RecheckFinding;

const Operators& operators() {
  static const Operators known{{"do-xe.example"}, {"ho-den.example"}};
  return known;
}

/// Looks a day apart, from letters:
///   a b   served by two owners' servers    p s   by a parking operator's, a sinkhole's
///   x     NXDOMAIN of the domain           n     of the name       v     no servers
///   ?     no answer                        f     a filter answers
std::vector<Look> looks(std::string_view letters, std::int64_t apart_ms = ms_per_day) {
  std::vector<Look> out;
  InstantMs at_ms = 1'000'000;
  for (const char letter : letters) {
    Look look{.at_ms = at_ms, .outcome = LookOutcome::exists};
    switch (letter) {
      case 'a': look.servers = {"ns1.mot.example"}, look.primary = "ns1.mot.example"; break;
      case 'b': look.servers = {"ns1.hai.example"}, look.primary = "ns1.hai.example"; break;
      case 'p': look.servers = {"ns1.do-xe.example"}, look.primary = "ns1.do-xe.example"; break;
      case 's': look.servers = {"a.ho-den.example"}, look.primary = "a.ho-den.example"; break;
      case 'x': look.outcome = LookOutcome::no_domain; break;
      case 'n': look.outcome = LookOutcome::no_name; break;
      case 'v': look.outcome = LookOutcome::no_servers; break;
      case 'f': look.outcome = LookOutcome::filtered; break;
      default: look.outcome = LookOutcome::failed; break;
    }
    out.push_back(std::move(look));
    at_ms += apart_ms;
  }
  return out;
}

std::string judged(std::string_view letters, std::int64_t apart_ms = ms_per_day) {
  const auto judgement = judge(looks(letters, apart_ms), operators());
  if (judgement.standing == Standing::alive) return "alive";
  if (judgement.standing == Standing::unknown) return "unknown";
  return std::string{cases::to_string(*judgement.finding)};
}

TEST(Judge, ANameIsDeadAfterDaysThatAgree) {
  EXPECT_EQ(judged("a"), "alive");
  EXPECT_EQ(judged("ax"), "unknown");
  EXPECT_EQ(judged("axxx"), "unknown") << "two days from the first to the last";
  EXPECT_EQ(judged("axxxx"), "dead");
  EXPECT_EQ(judged("xnvx"), "dead") << "gone in different ways is gone";
  EXPECT_EQ(judged("xxxxxxxxxx", ms_per_hour), "unknown") << "many looks in one day";
  EXPECT_EQ(judged("xxxxa"), "unknown") << "back, and nothing known of before";
}

TEST(Judge, SilenceCountsForNothing) {
  EXPECT_EQ(judged(""), "unknown");
  EXPECT_EQ(judged("????????"), "unknown");
  EXPECT_EQ(judged("ffffffff"), "unknown");
  EXPECT_EQ(judged("a???????"), "alive");
  EXPECT_EQ(judged("x??f?x"), "unknown") << "two that agree are too few";
  EXPECT_EQ(judged("x?x?x"), "dead");
}

TEST(Judge, OneOddLookMakesNoFinding) {
  EXPECT_EQ(judged("aap"), "unknown");
  EXPECT_EQ(judged("aapp"), "parked");
  EXPECT_EQ(judged("aappa"), "alive");
  EXPECT_EQ(judged("pp", ms_per_hour), "unknown");
  EXPECT_EQ(judged("ss"), "sinkholed");
  EXPECT_EQ(judged("sp"), "unknown");
}

TEST(Judge, AnotherOwnerIsOneWithOtherServersAfterADeadTime) {
  EXPECT_EQ(judged("axxxxb"), "reregistered");
  EXPECT_EQ(judged("axxxxbb"), "reregistered");
  EXPECT_EQ(judged("axxxxa"), "alive") << "the same servers: it was away";
  EXPECT_EQ(judged("ab"), "alive") << "moved without a dead time";
  EXPECT_EQ(judged("axb", ms_per_hour), "alive") << "away for an hour";
  EXPECT_EQ(judged("axxxxpp"), "reregistered") << "before parked: the block goes sooner";
  EXPECT_EQ(judged("axxxx?b"), "reregistered");
}

TEST(Judge, SaysOnWhatItRests) {
  const auto dead = judge(looks("a?xxxx"), operators());
  EXPECT_EQ(dead.grounds.looks, 4);
  EXPECT_EQ(dead.grounds.since_ms, 1'000'000 + 2 * ms_per_day);
  const auto parked = judge(looks("app"), operators());
  EXPECT_EQ(parked.grounds.looks, 2);
  EXPECT_EQ(parked.grounds.server, "ns1.do-xe.example");
}

}  // namespace
}  // namespace khien::recheck
