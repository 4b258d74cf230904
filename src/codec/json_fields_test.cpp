#include <gtest/gtest.h>

#include "codec/json.h"

namespace khien::codec {
namespace {

const Json request = Json::object({{"name", "Lan"},
                                   {"days", 30},
                                   {"urgent", false},
                                   {"score", 0.5},
                                   {"none", nullptr},
                                   {"tags", Json::array({"a", "b"})},
                                   {"mixed", Json::array({"a", 1})},
                                   {"scope", Json::object({{"kind", "host"}})}});

TEST(JsonFields, AreReadByTypeAndName) {
  EXPECT_EQ(request.text_at("name").value(), "Lan");
  EXPECT_EQ(request.integer_at("days").value(), 30);
  EXPECT_EQ(request.boolean_at("urgent").value(), false);
  EXPECT_EQ(request.real_at("score").value(), 0.5);
  EXPECT_EQ(request.real_at("days").value(), 30.0);
  EXPECT_EQ(request.array_at("mixed")->size(), 2U);
  EXPECT_EQ(request.texts_at("tags").value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.object_at("scope")->text_at("kind").value(), "host");
}

TEST(JsonFields, NameTheKeyThatIsAbsentOrOfAnotherType) {
  const auto absent = request.text_at("login");
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().message, "field \"login\": expected text, absent");
  EXPECT_EQ(absent.error().reason, "bad_field");
  const auto wrong = request.integer_at("score");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().message, "field \"score\": expected integer, found number");
  EXPECT_FALSE(request.texts_at("mixed").has_value());
  EXPECT_FALSE(request.object_at("tags").has_value());
  EXPECT_FALSE(Json{1}.text_at("name").has_value());
}

TEST(JsonFields, OptionalTakesAbsentAndNullAsNothing) {
  EXPECT_EQ(request.optional_text_at("login").value(), std::nullopt);
  EXPECT_EQ(request.optional_text_at("none").value(), std::nullopt);
  EXPECT_EQ(request.optional_integer_at("days").value(), 30);
  EXPECT_EQ(request.optional_boolean_at("urgent").value(), false);
  EXPECT_FALSE(request.optional_text_at("days").has_value());
}

TEST(JsonFields, OnlyRefusesUnknownMembers) {
  const auto json = Json::object({{"a", 1}, {"b", 2}});
  EXPECT_TRUE(json.only({"a", "b", "c"}).has_value());
  const auto refused = json.only({"a"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "unknown_field");
}

}  // namespace
}  // namespace khien::codec
