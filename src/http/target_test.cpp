#include "http/target.h"

#include <gtest/gtest.h>

namespace khien::http {
namespace {

TEST(ParseTarget, ReadsPathAndQuery) {
  const auto target =
      parse_target("/api/cases/a%20b?q=l%E1%BB%ABa+%C4%91%E1%BA%A3o&page=2&x").value();
  EXPECT_EQ(target.path, "/api/cases/a b");
  EXPECT_EQ(find_field(target.query, "q"), "lừa đảo");
  EXPECT_EQ(find_field(target.query, "page"), "2");
  EXPECT_EQ(find_field(target.query, "x"), "");
  EXPECT_EQ(parse_target("/").value().path, "/");
  EXPECT_EQ(parse_target("/folder/").value().path, "/folder/");
  EXPECT_EQ(parse_target("/a+b").value().path, "/a+b");
}

TEST(ParseTarget, RefusesEveryWayOutOfTheTree) {
  for (const std::string_view text : {"",
                                      "x",
                                      "*",
                                      "http://h.example/",
                                      "//h.example",
                                      "/../etc/passwd",
                                      "/a/../b",
                                      "/a/..",
                                      "/./a",
                                      "/%2e%2e/etc",
                                      "/%2E%2e",
                                      "/..%2fetc",
                                      "/a%2fb",
                                      "/a%2Fb",
                                      "/a%5cb",
                                      "/a\\..\\b",
                                      "/%00",
                                      "/a%00.html",
                                      "/%c0%ae%c0%ae/\x01",
                                      "/a//b",
                                      "/a b",
                                      "/a#b",
                                      "/%",
                                      "/%2",
                                      "/%zz",
                                      "/a%0d%0aX: y",
                                      "/\xc3\xa9",
                                      "/?a=%",
                                      "/?a=%0",
                                      "/?%zz=1",
                                      "/?a=%00"}) {
    EXPECT_FALSE(parse_target(text).has_value()) << text;
  }
}

TEST(ParseTarget, RefusesWhatIsTooLong) {
  EXPECT_TRUE(parse_target("/" + std::string(target_size_max - 1, 'a')).has_value());
  EXPECT_FALSE(parse_target("/" + std::string(target_size_max, 'a')).has_value());
  std::string deep;
  for (std::size_t i = 0; i < path_segments_max; ++i) deep += "/a";
  EXPECT_TRUE(parse_target(deep).has_value());
  EXPECT_FALSE(parse_target(deep + "/a").has_value());
}

TEST(ParseForm, ReadsPairsAndCapsThem) {
  const auto fields = parse_form("a=1&&b=x%3Dy=z&=v&c").value();
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[1].second, "x=y=z");
  EXPECT_EQ(fields[2].first, "");
  std::string many;
  for (std::size_t i = 0; i < form_fields_max; ++i) many += "a=1&";
  EXPECT_TRUE(parse_form(many).has_value());
  EXPECT_EQ(parse_form(many + "b=2").error().code, ErrorCode::limit_exceeded);
}

TEST(PercentEncode, IsUndoneByDecode) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all), Plus::space).value(), all);
}

TEST(ParseCookies, TakesPairsAndLeavesTheRest) {
  const auto cookies = parse_cookies(" a=1; b=x=y;junk;=v; c= ");
  ASSERT_EQ(cookies.size(), 3U);
  EXPECT_EQ(find_field(cookies, "b"), "x=y");
  EXPECT_EQ(find_field(cookies, "c"), "");
  std::string many;
  for (std::size_t i = 0; i < cookies_max + 5; ++i) many += "a=1;";
  EXPECT_EQ(parse_cookies(many).size(), cookies_max);
}

}  // namespace
}  // namespace khien::http
