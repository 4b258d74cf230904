#include "text/web_target.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace khien::text {
namespace {

std::string form(std::string_view written) {
  const auto target = read_web_target(written);
  if (!target) return "none";
  return target->host + (target->port.empty() ? "" : ":" + target->port) +
         target->path.value_or("(no path)");
}

TEST(WebTarget, HasOneForm) {
  const std::map<std::string, std::string> cases{
      {"https://XAU.Example/A", "xau.example/A"},
      {"HTTP://xau.example", "xau.example/"},
      {"wss://xau.example:443/a", "xau.example/a"},
      {"https://xau.example:80/", "xau.example/"},
      {"https://xau.example:08443/a", "xau.example:8443/a"},
      {"xau.example:443", "xau.example(no path)"},
      {"xau.example", "xau.example(no path)"},
      {"xau.example.", "xau.example(no path)"},
      {"xau.example/a", "xau.example/a"},
      {"https://ai@tot.example:1@xau.example/a", "xau.example/a"},
      {"https://việt.example/%7Euser", "xn--vit-5kz.example/~user"},
      {"https://xau.example/a%2fb%2Fc", "xau.example/a%2Fb%2Fc"},
      {"https://xau.example/%61%2e%2E/b", "xau.example/a../b"},
      {"https://xau.example/a/%2E%2e/b/./c/..", "xau.example/b/"},
      {"https://xau.example/../../a", "xau.example/a"},
      {"https://xau.example/a//b", "xau.example/a//b"},
      {"https://xau.example\\a\\..\\b", "xau.example/b"},
      {"https://xau.example/a b?q=/../..#x", "xau.example/a%20b"},
      {"https://xau.example?q", "xau.example/"},
      {"https://xau.example/100%", "xau.example/100%25"},
      {"https://xau.example/đ", "xau.example/%C4%91"},
      {"https://192.0.2.7:8080/a", "192.0.2.7:8080/a"},
      {"https://[2001:DB8::1]/a", "[2001:db8::1]/a"},
      {"[2001:db8::1]:443", "[2001:db8::1](no path)"},
      {"", "none"},
      {"https://", "none"},
      {"https://xau.example:port/", "none"},
      {"https://xau.example:123456/", "none"},
      {"https://[xau.example]/", "none"},
      {"https://a..b/", "none"},
  };
  for (const auto& [written, wanted] : cases) EXPECT_EQ(form(written), wanted) << written;
  EXPECT_EQ(form(std::string(web_target_size_max + 1, 'a')), "none");
}

TEST(WebTarget, TheFormOfAFormIsItself) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const std::vector<std::string> pieces{"/", ".",  "..", "%",   "%2e", "%2F", "a", "%61", "?",
                                        "#", "\\", " ",  "%zz", "đ",   ":",   "@", "%00", "~"};
  for (int round = 0; round < 20'000; ++round) {
    std::string path = "/";
    for (std::uint64_t i = random() % 8; i > 0; --i) path += pieces[random() % pieces.size()];
    const auto once = read_web_target("https://a.example" + path);
    ASSERT_TRUE(once && once->path) << path;
    const auto again = read_web_target("https://a.example" + *once->path);
    ASSERT_TRUE(again && again->path) << path;
    EXPECT_EQ(*again->path, *once->path) << path;
    EXPECT_EQ(once->path->find("/../"), std::string::npos) << path << " " << *once->path;
    EXPECT_EQ(once->path->find("/./"), std::string::npos) << path << " " << *once->path;
  }
}

TEST(WebTarget, SaysWhetherAQueryWasLeftOut) {
  EXPECT_TRUE(read_web_target("https://xau.example/a?token=1")->has_query);
  EXPECT_FALSE(read_web_target("https://xau.example/a#doan")->has_query);
  EXPECT_FALSE(read_web_target("xau.example/a")->has_query);
}

}  // namespace
}  // namespace khien::text
