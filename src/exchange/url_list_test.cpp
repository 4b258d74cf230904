#include "exchange/url_list.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace khien::exchange {
namespace {

std::string covering(const UrlRules& rules, std::string_view address) {
  const auto target = text::read_web_target(address);
  if (!target) return "no target";
  return std::string{rules.covering(*target).value_or("-")};
}

TEST(UrlRules, TheLongestRuleCoversByWholeSegments) {
  const auto rules = UrlRules::parse(
      "# Title: địa chỉ\n\nhttps://host.example/a\nhttp://HOST.example/a/b/\n"
      "host.example:8443/c\nca.example\r\nhttps://192.0.2.7/x\n");
  ASSERT_TRUE(rules.has_value()) << rules.error().message;
  EXPECT_EQ(rules->size(), 5U);
  const std::map<std::string, std::string> cases{
      {"https://host.example/a", "host.example/a"},
      {"http://host.example/a/", "host.example/a"},
      {"https://host.example/a?x=1", "host.example/a"},
      {"https://host.example/a/c", "host.example/a"},
      {"https://host.example/a/b", "host.example/a"},
      {"https://host.example/a/b/", "host.example/a/b/"},
      {"https://host.example/a/b/c/d", "host.example/a/b/"},
      {"https://host.example/x/../a/b/c", "host.example/a/b/"},
      {"https://host.example/%61", "host.example/a"},
      {"https://host.example/ab", "-"},
      {"https://host.example/A", "-"},
      {"https://host.example/", "-"},
      {"https://host.example:8443/a", "-"},
      {"https://host.example:8443/c/d", "host.example:8443/c"},
      {"https://host.example/c", "-"},
      {"https://www.host.example/a", "-"},
      {"host.example:443", "-"},
      {"ca.example:443", "ca.example/"},
      {"https://ca.example/moi/thu", "ca.example/"},
      {"https://192.0.2.7/x/y", "192.0.2.7/x"},
  };
  for (const auto& [address, wanted] : cases)
    EXPECT_EQ(covering(*rules, address), wanted) << address;
}

TEST(UrlRules, AreRefusedWhole) {
  const auto reason = [](std::string_view text) {
    const auto rules = UrlRules::parse(text);
    return rules ? std::string{} : rules.error().reason + " " + rules.error().message.substr(0, 6);
  };
  EXPECT_EQ(reason("tot.example/a\nhttps://xau.example/a?token=1\n"), "bad_url_rule line 2");
  EXPECT_EQ(reason("https://\n"), "bad_url_rule line 1");
  EXPECT_EQ(reason("a.example/" + std::string(url_rule_size_max, 'a')),
            "url_list_too_large line 1");
  const auto many = UrlRules::parse("a.example/1\na.example/2\na.example/3\n", 2);
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().reason, "url_list_too_large");
  EXPECT_TRUE(UrlRules::parse("a.example/1\na.example/2\n", 2).has_value());
  EXPECT_EQ(reason(""), "") << "an empty list lists nothing";
}

// The quick way against a plain reading of what "covers" means.
TEST(UrlRules, AgreeWithAPlainReference) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto path = [&] {
    std::string out = "/";
    for (std::uint64_t i = random() % 6; i > 0; --i) out += random() % 2 == 0 ? "/" : "a";
    return text::normalise_path(out);
  };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> paths;
    std::string text;
    for (int i = 0; i < 4; ++i) {
      paths.push_back(path());
      text += "a.example" + paths.back() + "\n";
    }
    const auto rules = UrlRules::parse(text);
    ASSERT_TRUE(rules.has_value());
    const auto asked = path();
    std::string wanted;
    for (const auto& rule : paths) {
      const bool below =
          asked.starts_with(rule) &&
          (asked.size() == rule.size() || rule.back() == '/' || asked[rule.size()] == '/');
      if (below && rule.size() > wanted.size()) wanted = rule;
    }
    const auto got = rules->covering({.host = "a.example", .path = asked});
    EXPECT_EQ(got.value_or(""), wanted.empty() ? "" : "a.example" + wanted) << text << asked;
  }
}

}  // namespace
}  // namespace khien::exchange
