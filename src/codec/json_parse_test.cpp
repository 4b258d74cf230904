#include <gtest/gtest.h>

#include <string>

#include "codec/json.h"

namespace khien::codec {
namespace {

constexpr JsonLimits limits{.size_max = 4'096};

TEST(JsonParse, ReadsEveryType) {
  const auto json = Json::parse(
      R"( {"a":null,"b":true,"c":-17,"d":1.5,"e":"x\u00e9\ud83d\ude00","f":[1,[]]} )", limits);
  ASSERT_TRUE(json.has_value()) << json.error().message;
  EXPECT_TRUE(json->find("a")->is_null());
  EXPECT_EQ(json->find("b")->boolean(), true);
  EXPECT_EQ(json->find("c")->integer(), -17);
  EXPECT_EQ(json->find("d")->real(), 1.5);
  EXPECT_EQ(*json->find("e")->text(), "xé😀");
  ASSERT_EQ(json->find("f")->items().size(), 2U);
  EXPECT_TRUE(json->find("f")->items()[1].is_array());
  EXPECT_EQ(json->find("g"), nullptr);
}

TEST(JsonParse, KeepsIntegersExact) {
  const auto json =
      Json::parse("[9223372036854775807,-9223372036854775808,9007199254740993]", limits);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->items()[0].integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(json->items()[1].integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json->items()[2].integer(), 9007199254740993);
}

TEST(JsonParse, RefusesNumbersThatDoNotFit) {
  for (const char* text : {"9223372036854775808", "-9223372036854775809",
                           "[1,99999999999999999999]", "1e999", "{\"a\":-1e999}"}) {
    const auto json = Json::parse(text, limits);
    ASSERT_FALSE(json.has_value()) << text;
    EXPECT_EQ(json.error().code, ErrorCode::malformed) << text;
  }
}

TEST(JsonParse, RefusesDuplicateKeysAndSaysWhere) {
  const auto json = Json::parse(R"({"list":[1,{"a":1,"b":2,"a":3}]})", limits);
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().code, ErrorCode::malformed);
  EXPECT_EQ(json.error().message, "key twice in one object at /list/1/a");
}

TEST(JsonParse, SaysLineAndColumnOfASyntaxError) {
  const auto json = Json::parse("{\n  \"a\": 1,\n  \"b\": tru\n}", limits);
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().reason, "bad_json");
  EXPECT_NE(json.error().message.find("line 3"), std::string::npos) << json.error().message;
}

TEST(JsonParse, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "'a'",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "NaN",
                           "Infinity",
                           "nul",
                           "[1] 2",
                           "// c\n1",
                           "\"\\x\"",
                           "\"\t\"",
                           "\"\\ud800\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\xef\xbb\xbf{}",
                           "{\"\xff\":1}"}) {
    const auto json = Json::parse(text, limits);
    ASSERT_FALSE(json.has_value()) << text;
    EXPECT_EQ(json.error().code, ErrorCode::malformed) << text;
  }
}

TEST(JsonParse, RefusesEveryTruncation) {
  const std::string text = R"({"a":[1,2.5,"x"],"b":{"c":null}})";
  ASSERT_TRUE(Json::parse(text, limits).has_value());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(Json::parse(text.substr(0, size), limits).has_value()) << size;
}

TEST(JsonParse, StopsAtTheDepth) {
  const std::string deepest(json_depth_max, '[');
  const std::string good = deepest + std::string(json_depth_max, ']');
  ASSERT_TRUE(Json::parse(good, limits).has_value());
  const auto refused = Json::parse('[' + good + ']', limits);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
  // A hostile body that never closes is refused as early.
  EXPECT_FALSE(Json::parse(std::string(4'000, '['), limits).has_value());
}

TEST(JsonParse, StopsAtTheSize) {
  EXPECT_TRUE(Json::parse("[1]", {.size_max = 3}).has_value());
  const auto refused = Json::parse("[12]", {.size_max = 3});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
}

TEST(JsonParse, KeepsNulInsideText) {
  const auto json = Json::parse(R"("a\u0000b")", limits);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->text()->size(), 3U);
  EXPECT_EQ(json->dump(), R"("a\u0000b")");
}

}  // namespace
}  // namespace khien::codec
