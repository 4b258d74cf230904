#include "cases/url_target.h"

#include <gtest/gtest.h>

#include <map>

namespace khien::cases {
namespace {

std::string read(std::string_view written) {
  auto target = read_url_target(written);
  return target ? *target : target.error().reason;
}

TEST(UrlTarget, HasOneText) {
  const std::map<std::string, std::string> table{
      {"https://Sites.Example/Scam/login?token=1#x", "sites.example/Scam/login"},
      {" http://sites.example:80/scam/ ", "sites.example/scam"},
      {"hxxps://sites[.]example/scam", "sites.example/scam"},
      {"sites.example/a/../scam//", "sites.example/scam"},
      {"https://user:secret@sites.example/scam", "sites.example/scam"},
      {"https://sites.example:8443/scam", "sites.example:8443/scam"},
      {"https://việt.example/lừa", "xn--vit-5kz.example/l%E1%BB%ABa"},
      {"https://203.0.113.9/scam", "203.0.113.9/scam"},
      {"https://[2001:DB8::9]/scam", "[2001:db8::9]/scam"},
      {"https://sites.example/a(.)b", "sites.example/a(.)b"},
      {"https://sites.example", "whole_site"},
      {"sites.example", "whole_site"},
      {"https://sites.example/?q=scam", "whole_site"},
      {"https://sites.example//", "whole_site"},
      {"", "bad_url"},
      {"/scam", "bad_url"},
      {"https://a..b/scam", "bad_url"},
      {"https://sites.example:70000/scam", "bad_url"},
      {"https://sites.example:0/scam", "bad_url"},
      {"203.0.113.0/24", "bad_url"},
      {"203.0.113.9/24", "203.0.113.9/24"},
  };
  for (const auto& [written, wanted] : table) {
    EXPECT_EQ(read(written), wanted) << written;
    if (wanted.find('/') != std::string::npos) {
      EXPECT_EQ(read(wanted), wanted);
    }
  }
}

TEST(UrlTarget, IsAsLongAndAsDeepAsAListCanHold) {
  // 120 octets are 192 characters of base 32, in four labels: 196, and 16 of the host.
  const std::string host = "abcd-efg.example";
  EXPECT_EQ(read(host + "/" + std::string(119, 'a')), host + "/" + std::string(119, 'a'));
  EXPECT_EQ(read(host + "/" + std::string(120, 'a')), "page_too_long");
  std::string deep = "a.example";
  for (std::size_t i = 0; i < url_segments_max; ++i) deep += "/a";
  EXPECT_EQ(read(deep), deep);
  EXPECT_EQ(read(deep + "/a"), "page_too_long");
}

TEST(UrlTarget, IsCoveredByItselfAndWhatLiesAboveIt) {
  EXPECT_EQ(
      url_targets_covering("https://sites.example/a/b/c?x=1"),
      (std::vector<std::string>{"sites.example/a/b/c", "sites.example/a/b", "sites.example/a"}));
  EXPECT_EQ(url_targets_covering("sites.example/a//b"),
            (std::vector<std::string>{"sites.example/a//b", "sites.example/a"}));
  EXPECT_TRUE(url_targets_covering("https://sites.example/").empty());
  EXPECT_TRUE(url_targets_covering("sites.example").empty());
  EXPECT_TRUE(url_targets_covering("").empty());
  // What no order can be called is passed over, what lies above it is not.
  const auto longer = "sites.example/scam/" + std::string(2'000, 'a');
  EXPECT_EQ(url_targets_covering(longer), (std::vector<std::string>{"sites.example/scam"}));
  std::string deep = "a.example";
  for (int i = 0; i < 10'000; ++i) deep += "/a";
  EXPECT_EQ(url_targets_covering(deep).size(), url_segments_max);
}

TEST(UrlTarget, IsShownWithItsHostInUnicode) {
  EXPECT_EQ(display_of("xn--vit-5kz.example/scam"), "việt.example/scam");
  EXPECT_EQ(display_of("xn--vit-5kz.example:8443/scam"), "việt.example:8443/scam");
  EXPECT_EQ(display_of("xn--vit-5kz.example"), "việt.example");
  for (const auto* same : {"2001:db8::9", "192.0.2.0/28", "[2001:db8::9]/scam", "com.vn", ""}) {
    EXPECT_EQ(display_of(same), same);
  }
}

}  // namespace
}  // namespace khien::cases
