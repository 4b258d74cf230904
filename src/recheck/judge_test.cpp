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

/// Looks at a name that is served as before, at the hours given, each with its pages:
///   +  present   -  gone   ~  unclear   u  unreachable   .  nobody looked
/// Several letters are several pages.
struct PagesAt {
  std::int64_t hour;
  std::string_view pages;
};
std::vector<Look> page_looks(std::initializer_list<PagesAt> all) {
  std::vector<Look> out;
  for (const auto& at : all) {
    Look look{.at_ms = 100 * ms_per_day + at.hour * ms_per_hour,
              .outcome = LookOutcome::exists,
              .servers = {"ns1.mot.example"},
              .primary = "ns1.mot.example"};
    for (const char letter : at.pages) {
      if (letter == '.') continue;
      look.pages.push_back({.page = "https://a.example/",
                            .outcome = letter == '+'   ? PageOutcome::present
                                       : letter == '-' ? PageOutcome::gone
                                       : letter == '~' ? PageOutcome::unclear
                                                       : PageOutcome::unreachable});
    }
    out.push_back(std::move(look));
  }
  return out;
}
std::string word_of(const Judgement& judgement) {
  switch (judgement.standing) {
    case Standing::alive: return "alive";
    case Standing::unseen: return "unseen";
    case Standing::unknown: return "unknown";
    case Standing::found: break;
  }
  return std::string{cases::to_string(*judgement.finding)};
}
std::string judged(std::initializer_list<PagesAt> all) {
  return word_of(judge(page_looks(all), operators()));
}

std::string judged(std::string_view letters, std::int64_t apart_ms = ms_per_day) {
  return word_of(judge(looks(letters, apart_ms), operators()));
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

TEST(Judge, PagesAreGoneAfterAWeekThatAgreesAtAllHours) {
  EXPECT_EQ(judged({{0, "+"}}), "alive");
  EXPECT_EQ(judged({{0, "-"}}), "unseen");
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}}), "content_gone");
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {120, "-"}, {167, "-"}}), "unseen") << "not a week";
  EXPECT_EQ(judged({{0, "-"}, {90, "-"}, {174, "-"}}), "unseen") << "three looks";
  EXPECT_EQ(judged({{0, "-"}, {24, "-"}, {48, "-"}, {72, "-"}, {168, "-"}, {192, "-"}}), "unseen")
      << "always at the same time of the day";
  EXPECT_EQ(judged({{0, "-"}, {30, "-"}, {48, "-"}, {78, "-"}, {168, "-"}}), "unseen")
      << "at two times of it";
}

TEST(Judge, EveryPageMustBeGoneAndOneSightEndsIt) {
  EXPECT_EQ(judged({{0, "--"}, {60, "--"}, {120, "--"}, {174, "--"}}), "content_gone");
  EXPECT_EQ(judged({{0, "--"}, {60, "--"}, {120, "--"}, {174, "-+"}}), "alive");
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {120, "+"}, {174, "-"}, {200, "-"}}), "unseen");
  EXPECT_EQ(judged({{0, "--"}, {60, "-~"}, {120, "--"}, {174, "--"}}), "unseen")
      << "one page of a look unclear: three are left";
}

TEST(Judge, UnclearPagesCountForNothing) {
  EXPECT_EQ(judged({{0, "~"}, {60, "~"}, {120, "~"}, {174, "~"}, {240, "~"}}), "unseen");
  EXPECT_EQ(judged({{0, "u"}, {60, "u"}, {120, "u"}, {174, "u"}, {240, "u"}}), "unseen")
      << "who refuses us is not gone";
  EXPECT_EQ(judged({{0, "-"}, {60, "~"}, {61, "-"}, {120, "u"}, {122, "-"}, {174, "-"}}),
            "content_gone");
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}, {200, "~"}}), "unseen")
      << "the latest look says nothing";
  const auto doubt = judge(page_looks({{0, "-"}, {60, "-"}, {200, "~"}}), operators());
  EXPECT_EQ(doubt.grounds.looks, 2) << "what is under way";
}

TEST(Judge, WherePagesAreNotLookedAtTheNameCounts) {
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}, {200, "."}}), "alive");
  EXPECT_EQ(judged({{0, "-"}, {60, "-"}, {100, "."}, {120, "-"}, {174, "-"}}), "unseen")
      << "what nobody watched in between begins anew";
}

TEST(Judge, DnsComesBeforePages) {
  auto parked = page_looks({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}});
  for (auto& look : parked) look.servers = {"ns1.do-xe.example"};
  EXPECT_EQ(word_of(judge(parked, operators())), "parked");
  auto dead = page_looks({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}});
  for (auto& look : dead) look.outcome = LookOutcome::no_domain;
  EXPECT_EQ(word_of(judge(dead, operators())), "dead");
  auto away = page_looks({{0, "-"}, {60, "-"}, {120, "-"}, {174, "-"}});
  away[1].outcome = LookOutcome::no_name;
  away[1].pages.clear();
  EXPECT_EQ(word_of(judge(away, operators())), "unseen") << "it begins anew";
}

TEST(Judge, SaysOnWhatItRests) {
  const auto dead = judge(looks("a?xxxx"), operators());
  EXPECT_EQ(dead.grounds.looks, 4);
  EXPECT_EQ(dead.grounds.since_ms, 1'000'000 + 2 * ms_per_day);
  const auto parked = judge(looks("app"), operators());
  EXPECT_EQ(parked.grounds.looks, 2);
  EXPECT_EQ(parked.grounds.server, "ns1.do-xe.example");
  const auto pages = judge(
      page_looks({{0, "+"}, {1, "-"}, {60, "-"}, {99, "~"}, {120, "-"}, {174, "-"}}), operators());
  EXPECT_EQ(pages.grounds.looks, 4);
  EXPECT_EQ(pages.grounds.since_ms, 100 * ms_per_day + ms_per_hour);
}

}  // namespace
}  // namespace khien::recheck
