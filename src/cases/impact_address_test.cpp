#include "cases/impact_address.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "cases/impact_json.h"
#include "cases/testing_impact.h"

namespace khien::cases {
namespace {

// One owner's machine, of which an officer knows one name.
Impact assess(std::string name, Scope scope, AddressFacts facts = {.names = {"lua-dao.example"}}) {
  return assess_impact(shipped_impact_data(),
                       {.name = std::move(name), .scope = scope, .address = std::move(facts)});
}

TEST(AssessAddress, JudgesEachKindOfAddress) {
  using enum FindingKind;
  const auto one = Scope::address;
  const auto many = Scope::prefix;
  const auto refuse = Severity::refuse;
  const ExpectedImpact table[] = {
      {"203.0.113.9", one, Severity::serious, whole_address},
      {"192.0.2.0/28", many, Severity::serious, whole_address},
      {"2001:db8::9", one, Severity::serious, whole_address},
      {"2001:db8:5::/48", many, Severity::serious, whole_address},
      {"192.0.2.0/24", many, Severity::serious, whole_address},
      {"192.0.2.0/23", many, refuse, prefix_too_wide},
      {"0.0.0.0/0", many, refuse, prefix_too_wide},
      {"2001:db8::/47", many, refuse, prefix_too_wide},
      {"192.0.2.0/24", one, refuse, not_an_address},
      {"192.0.2.9", many, refuse, not_an_address},
      {"192.0.2.9/24", many, refuse, not_an_address},
      {"lua-dao.example", one, refuse, not_an_address},
      {"", one, refuse, not_an_address},
      {"10.1.2.3", one, refuse, special_address},
      {"127.0.0.1", one, refuse, special_address},
      {"169.254.1.0/24", many, refuse, special_address},
      {"172.31.255.255", one, refuse, special_address},
      {"192.168.0.0/24", many, refuse, special_address},
      {"100.64.0.1", one, refuse, special_address},
      {"224.0.0.251", one, refuse, special_address},
      {"255.255.255.255", one, refuse, special_address},
      {"0.1.2.3", one, refuse, special_address},
      {"::1", one, refuse, special_address},
      {"::ffff:203.0.113.9", one, refuse, special_address},
      {"fe80::1", one, refuse, special_address},
      {"fd00::/48", many, refuse, special_address},
      {"ff02::1", one, refuse, special_address},
      {"2002:cb00:7109::1", one, refuse, special_address},
      {"8.8.8.8", one, refuse, never_block_prefix},
      {"1.1.1.0/24", many, refuse, never_block_prefix},
      {"2606:4700:4700::1111", one, refuse, never_block_prefix},
      {"104.16.132.229", one, refuse, never_block_prefix},  // Cloudflare
      {"151.101.1.6", one, refuse, never_block_prefix},     // Fastly
      {"198.41.0.0/24", many, refuse, never_block_prefix},  // holds a root server
      {"198.41.0.4", one, refuse, never_block_prefix},
      {"40.107.1.1", one, refuse, never_block_prefix},  // Microsoft 365
      {"3.5.140.1", one, refuse, never_block_prefix},   // Amazon
  };
  for (const auto& expected : table) {
    const auto impact = assess(expected.name, expected.scope);
    EXPECT_EQ(impact.verdict, expected.verdict) << expected.name;
    EXPECT_NE(impact.find(expected.because), nullptr)
        << expected.name << ": " << to_string(impact.findings.front().kind);
  }
}

// Australia 2013: the machines that two orders meant had 1,090 and about 250,000 names.
TEST(AssessAddress, RefusesWhatManyNamesUse) {
  const auto told = [](std::int64_t count) {
    return assess("203.0.113.9", Scope::address,
                  {.names_told = count, .told_source = "passive DNS, 28/11/2026"});
  };
  EXPECT_EQ(told(250'000).verdict, Severity::refuse);
  EXPECT_EQ(told(address_names_max + 1).verdict, Severity::refuse);
  EXPECT_EQ(told(address_names_max).verdict, Severity::serious);
  EXPECT_EQ(told(address_names_serious).find(FindingKind::names_at_address)->severity,
            Severity::serious);
  EXPECT_EQ(told(address_names_serious - 1).find(FindingKind::names_at_address)->severity,
            Severity::info);
  EXPECT_EQ(told(7).names_at, 7);
}

TEST(AssessAddress, TakesTheLargerOfTheTwoCounts) {
  AddressFacts facts{.names = std::vector<std::string>(address_names_max + 1, "a.example"),
                     .names_told = 1,
                     .told_source = "x"};
  EXPECT_EQ(assess("203.0.113.9", Scope::address, facts).verdict, Severity::refuse);
  facts.names.resize(2);
  facts.names_told = address_names_max + 1;
  EXPECT_EQ(assess("203.0.113.9", Scope::address, facts).verdict, Severity::refuse);
}

TEST(AssessAddress, NotKnowingIsSaidAloud) {
  const auto impact = assess("203.0.113.9", Scope::address, {});
  EXPECT_EQ(impact.verdict, Severity::serious);
  EXPECT_NE(impact.find(FindingKind::names_unknown), nullptr);
  EXPECT_EQ(impact.names_at, std::nullopt);
}

TEST(AssessAddress, NamesOfSeveralOwnersAreASignOfSharedHosting) {
  EXPECT_EQ(assess("203.0.113.9", Scope::address, {.names = {"a.mot.example", "b.mot.example"}})
                .find(FindingKind::shared_hosting),
            nullptr);
  const auto shared =
      assess("203.0.113.9", Scope::address, {.names = {"a.mot.example", "quan-com.example"}});
  ASSERT_NE(shared.find(FindingKind::shared_hosting), nullptr);
  EXPECT_EQ(shared.find(FindingKind::shared_hosting)->count, 2);
}

TEST(AssessAddress, NeverHitsThoseWhoEnforce) {
  AddressFacts facts{.names = {"a.example"},
                     .own = {{.prefix = "203.0.113.53", .what = "demo-isp"},
                             {.prefix = "2001:db8:53::/48", .what = "khien-dnsd"},
                             {.prefix = "no address", .what = "nobody"}}};
  EXPECT_EQ(assess("203.0.113.53", Scope::address, facts).verdict, Severity::refuse);
  EXPECT_EQ(assess("203.0.113.48/28", Scope::prefix, facts).verdict, Severity::refuse);
  EXPECT_EQ(assess("2001:db8:53::1", Scope::address, facts).verdict, Severity::refuse);
  EXPECT_EQ(assess("203.0.113.54", Scope::address, facts).verdict, Severity::serious);
  facts.own.insert(facts.own.begin(), own_addresses_max, {.prefix = "192.0.2.1", .what = "x"});
  EXPECT_EQ(assess("203.0.113.53", Scope::address, facts).verdict, Severity::serious);
}

TEST(AssessAddress, AnAddressUnderANamesScopeIsRefusedAsBefore) {
  for (const auto scope : {Scope::host, Scope::domain}) {
    EXPECT_NE(assess("203.0.113.9", scope).find(FindingKind::ip_address), nullptr);
  }
}

TEST(AssessAddress, EveryFindingSpeaksBothLanguagesAndIsStored) {
  const auto impact = assess(
      "2001:DB8::9", Scope::address,
      {.names = {"a.mot.example", "b.hai.example"}, .names_told = 9, .told_source = "passive DNS"});
  EXPECT_EQ(impact.name, "2001:db8::9");
  for (const auto& finding : impact.findings) {
    const auto words = words_of(impact, finding);
    EXPECT_GT(words.vi.size(), 20U) << to_string(finding.kind);
    EXPECT_GT(words.en.size(), 20U) << to_string(finding.kind);
  }
  for (const auto kind :
       {FindingKind::not_an_address, FindingKind::special_address, FindingKind::prefix_too_wide,
        FindingKind::own_address, FindingKind::never_block_prefix, FindingKind::names_unknown}) {
    EXPECT_FALSE(words_of(impact, {kind, Severity::refuse}).vi.empty()) << to_string(kind);
    EXPECT_FALSE(words_of(impact, {kind, Severity::refuse}).en.empty()) << to_string(kind);
  }
  const auto json = impact_to_json(impact, 1'795'478'400'000);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->text_at("scope").value(), "address");
  EXPECT_EQ(json->integer_at("names_at").value(), 9);
  EXPECT_EQ(covers(impact), std::vector<std::string>{"2001:db8::9"});
}

}  // namespace
}  // namespace khien::cases
