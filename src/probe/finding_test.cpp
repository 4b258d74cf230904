// The verdicts, as a table: what resolvers told, what is found.
#include "probe/finding.h"

#include <gtest/gtest.h>

#include "dns/edns.h"

namespace khien::probe {
namespace {

const net::IpAddress landing_page = *net::IpAddress::parse("192.0.2.80");
const net::IpAddress site = *net::IpAddress::parse("198.51.100.7");

Told resolves() { return Observation{.answer_count = 1, .addresses = {site}}; }
Told absent() { return Observation{.rcode = dns::rcode_nxdomain}; }
Told nodata() { return Observation{}; }
Told says_so() {
  return Observation{.rcode = dns::rcode_nxdomain, .extended_error = dns::ede_censored};
}
Told policy_soa() { return Observation{.rcode = dns::rcode_nxdomain, .rpz_soa = true}; }
Told led_away() { return Observation{.answer_count = 1, .addresses = {landing_page}}; }
Told stale() {
  return Observation{
      .answer_count = 1, .extended_error = dns::ede_stale_answer, .addresses = {site}};
}
Told servfail() { return Observation{.rcode = dns::rcode_servfail}; }
Told silent() { return tl::unexpected(Silence::timeout); }

using Maybe = std::optional<Told>;
struct Case {
  std::string_view why;
  Expected expected;
  Told name;
  Maybe parent = {};
  Maybe sibling = {};
  Maybe control = {};
  Maybe control_parent = {};
  std::optional<std::uint32_t> told_serial = {};
  Finding finding;
};

TEST(JudgeName, ByTheTable) {
  constexpr auto blocked = Expected::blocked;
  constexpr auto resolving = Expected::resolving;
  const std::vector<Case> table{
      // a block
      {.why = "said", .expected = blocked, .name = says_so(), .finding = Finding::enforced},
      {.why = "BIND", .expected = blocked, .name = policy_soa(), .finding = Finding::enforced},
      {.why = "absent", .expected = blocked, .name = absent(), .finding = Finding::enforced},
      {.why = "landing", .expected = blocked, .name = led_away(), .finding = Finding::enforced},
      {.why = "open", .expected = blocked, .name = resolves(), .finding = Finding::not_enforced},
      {.why = "no A", .expected = blocked, .name = nodata(), .finding = Finding::not_enforced},
      {.why = "old zone",
       .expected = blocked,
       .name = resolves(),
       .told_serial = 41,
       .finding = Finding::stale_serial},
      {.why = "new zone, and yet open",
       .expected = blocked,
       .name = resolves(),
       .told_serial = 42,
       .finding = Finding::not_enforced},
      {.why = "old zone, and yet blocked",
       .expected = blocked,
       .name = says_so(),
       .told_serial = 41,
       .finding = Finding::enforced},
      {.why = "old answer", .expected = blocked, .name = stale(), .finding = Finding::probe_broken},
      {.why = "SERVFAIL",
       .expected = blocked,
       .name = servfail(),
       .finding = Finding::probe_broken},
      {.why = "silence", .expected = blocked, .name = silent(), .finding = Finding::probe_broken},
      // too much
      {.why = "parent said",
       .expected = blocked,
       .name = says_so(),
       .parent = says_so(),
       .finding = Finding::over_enforced},
      {.why = "parent led away",
       .expected = blocked,
       .name = led_away(),
       .parent = led_away(),
       .finding = Finding::over_enforced},
      {.why = "parent absent, ours knows it",
       .expected = blocked,
       .name = absent(),
       .parent = absent(),
       .control_parent = resolves(),
       .finding = Finding::over_enforced},
      {.why = "parent gone for everybody",
       .expected = blocked,
       .name = absent(),
       .parent = absent(),
       .control_parent = absent(),
       .finding = Finding::enforced},
      {.why = "parent absent, nobody to compare",
       .expected = blocked,
       .name = absent(),
       .parent = absent(),
       .finding = Finding::enforced},
      {.why = "parent in a list of ours",
       .expected = blocked,
       .name = says_so(),
       .parent = says_so(),
       .control_parent = says_so(),
       .finding = Finding::enforced},
      {.why = "parent silent",
       .expected = blocked,
       .name = says_so(),
       .parent = silent(),
       .finding = Finding::enforced},
      {.why = "sibling said",
       .expected = blocked,
       .name = says_so(),
       .parent = resolves(),
       .sibling = says_so(),
       .finding = Finding::over_enforced},
      {.why = "sibling absent as it should",
       .expected = blocked,
       .name = says_so(),
       .parent = resolves(),
       .sibling = absent(),
       .finding = Finding::enforced},
      {.why = "too much does not matter where nothing is blocked",
       .expected = blocked,
       .name = resolves(),
       .parent = says_so(),
       .finding = Finding::not_enforced},
      // a lift
      {.why = "back", .expected = resolving, .name = resolves(), .finding = Finding::lifted},
      {.why = "back without A",
       .expected = resolving,
       .name = nodata(),
       .finding = Finding::lifted},
      {.why = "still said",
       .expected = resolving,
       .name = says_so(),
       .finding = Finding::lift_pending},
      {.why = "still led away",
       .expected = resolving,
       .name = led_away(),
       .finding = Finding::lift_pending},
      {.why = "absent here alone",
       .expected = resolving,
       .name = absent(),
       .control = resolves(),
       .finding = Finding::lift_pending},
      {.why = "gone for everybody",
       .expected = resolving,
       .name = absent(),
       .control = absent(),
       .finding = Finding::lifted},
      {.why = "absent, nobody to compare",
       .expected = resolving,
       .name = absent(),
       .finding = Finding::probe_broken},
      {.why = "absent, ours blocks it",
       .expected = resolving,
       .name = absent(),
       .control = says_so(),
       .finding = Finding::probe_broken},
      {.why = "silence", .expected = resolving, .name = silent(), .finding = Finding::probe_broken},
  };
  for (const auto& row : table) {
    const NameTold told{
        .name = "xau.example", .told = row.name, .parent = row.parent, .sibling = row.sibling};
    const NameTold control{.name = "xau.example",
                           .told = row.control.value_or(silent()),
                           .parent = row.control_parent};
    const bool compares = row.control || row.control_parent;
    const auto found = judge_name({.expected = row.expected,
                                   .told = &told,
                                   .control = compares ? &control : nullptr,
                                   .serial_due = 42,
                                   .serial_told = row.told_serial,
                                   .landing = {&landing_page, 1}});
    EXPECT_EQ(to_string(found), to_string(row.finding)) << row.why;
  }
}

TEST(JudgeName, NothingToldIsBroken) {
  EXPECT_EQ(judge_name({.expected = Expected::blocked}), Finding::probe_broken);
}

ResolverTold with_canaries(std::vector<Told> told, Maybe nonce = {}) {
  ResolverTold resolver{.nonce = std::move(nonce)};
  for (auto& one : told) resolver.canaries.push_back({.name = "tot.example", .told = one});
  return resolver;
}

TEST(JudgeLine, ByCanariesAndNonce) {
  EXPECT_EQ(judge_line(with_canaries({resolves(), resolves()})), LineState::good);
  EXPECT_EQ(judge_line(with_canaries({resolves(), silent()})), LineState::good) << "one is down";
  EXPECT_EQ(judge_line(with_canaries({silent(), silent()})), LineState::silent);
  EXPECT_EQ(judge_line(with_canaries({})), LineState::silent);
  EXPECT_EQ(judge_line(with_canaries({absent(), absent()})), LineState::canaries_fail);
  EXPECT_EQ(judge_line(with_canaries({servfail(), servfail(), resolves()})),
            LineState::canaries_fail);
  EXPECT_EQ(judge_line(with_canaries({says_so(), resolves()})), LineState::good);
  EXPECT_EQ(judge_line(with_canaries({resolves()}, resolves())), LineState::good);
  EXPECT_EQ(judge_line(with_canaries({resolves()}, absent())), LineState::nonce_unanswered);
  EXPECT_EQ(judge_line(with_canaries({resolves()}, nodata())), LineState::nonce_unanswered);
  EXPECT_EQ(judge_line(with_canaries({resolves()}, silent())), LineState::nonce_unanswered);
  EXPECT_EQ(blocked_canaries(with_canaries({says_so(), resolves(), silent()})), 1U);
}

TEST(Combine, TheWorstOfSeveralResolversCounts) {
  const auto of = [](std::vector<Finding> findings) { return combine(findings); };
  EXPECT_EQ(of({Finding::enforced, Finding::enforced}), Finding::enforced);
  EXPECT_EQ(of({Finding::enforced, Finding::not_enforced}), Finding::not_enforced);
  EXPECT_EQ(of({Finding::over_enforced, Finding::enforced}), Finding::over_enforced);
  EXPECT_EQ(of({Finding::lifted, Finding::lift_pending}), Finding::lift_pending);
  EXPECT_EQ(of({Finding::enforced, Finding::probe_broken}), Finding::enforced);
  EXPECT_EQ(of({Finding::probe_broken, Finding::probe_broken}), Finding::probe_broken);
  EXPECT_EQ(of({}), Finding::probe_broken);
}

TEST(Words, AreReadBack) {
  for (int i = 0; i <= static_cast<int>(Finding::probe_broken); ++i) {
    EXPECT_EQ(parse_finding(to_string(static_cast<Finding>(i))), static_cast<Finding>(i));
  }
  for (int i = 0; i <= static_cast<int>(LineState::wrong_resolver); ++i) {
    EXPECT_EQ(parse_line_state(to_string(static_cast<LineState>(i))), static_cast<LineState>(i));
  }
  EXPECT_FALSE(parse_finding("fine").has_value());
}

}  // namespace
}  // namespace khien::probe
