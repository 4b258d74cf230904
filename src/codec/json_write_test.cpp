#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "codec/json.h"

namespace khien::codec {
namespace {

TEST(JsonDump, WritesMembersInTheirOrder) {
  auto json = Json::object({{"z", 1}, {"a", Json::array({true, nullptr, "x"})}});
  json.set("m", std::optional<std::int64_t>{}).set("z", 2);
  EXPECT_EQ(json.dump(), R"({"z":2,"a":[true,null,"x"],"m":null})");
}

TEST(JsonDump, ReadsBackTheSame) {
  const auto json = Json::object({{"n", std::numeric_limits<std::int64_t>::min()},
                                  {"d", 0.1},
                                  {"t", "Ngân hàng \"A\"\n\x01"},
                                  {"o", Json::object()}});
  const auto again = Json::parse(json.dump(), {.size_max = 4'096});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, json);
}

TEST(JsonDump, ARealStaysAReal) {
  for (const double value : {0.0, 2.0, -1e19, 1e21, 0.5}) {
    const auto again = Json::parse(Json{value}.dump(), {.size_max = 64});
    ASSERT_TRUE(again.has_value()) << value;
    EXPECT_EQ(again->type(), JsonType::real) << value;
    EXPECT_EQ(again->real(), value);
  }
  EXPECT_EQ(Json{2.0}.dump(), "2.0");
}

TEST(JsonDump, NeverWritesInvalidUtf8) {
  EXPECT_EQ(Json{"a\xff"
                 "b"}
                .dump(),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(Json{std::numeric_limits<double>::quiet_NaN()}.dump(), "null");
}

// RFC 8785 section 3.2.2 and 3.2.3.
TEST(JsonCanonical, GivesTheExampleOfTheRfc) {
  const auto json = Json::parse(
      "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
      "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
      "\"literals\": [null, true, false]}",
      {.size_max = 4'096});
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json->canonical(),
            "{\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(JsonCanonical, SortsKeysByUtf16CodeUnits) {
  const auto json = Json::parse(
      R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",)"
      R"("1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",)"
      R"("\u00f6":"Latin Small Letter O With Diaeresis"})",
      {.size_max = 4'096});
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json->canonical(),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
            "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
            "\"\U0001F600\":\"Emoji: Grinning Face\","
            "\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
}

// RFC 8785 appendix B.
TEST(JsonCanonical, WritesNumbersAsEcmascriptDoes) {
  const struct {
    std::uint64_t bits;
    const char* text;
  } samples[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& sample : samples)
    EXPECT_EQ(*Json{std::bit_cast<double>(sample.bits)}.canonical(), sample.text);
}

TEST(JsonCanonical, RefusesWhatHasNoCanonicalForm) {
  constexpr std::int64_t exact_max = 9'007'199'254'740'991;
  EXPECT_EQ(*Json{exact_max}.canonical(), "9007199254740991");
  EXPECT_EQ(*Json{-exact_max}.canonical(), "-9007199254740991");
  for (const auto& json :
       {Json{exact_max + 1}, Json{-exact_max - 1}, Json{std::numeric_limits<double>::infinity()},
        Json{std::numeric_limits<double>::quiet_NaN()}, Json{"\xff"},
        Json::array({Json::object({{"\xc3", 1}})})}) {
    const auto text = json.canonical();
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().reason, "not_i_json");
  }
}

}  // namespace
}  // namespace khien::codec
