#include "ledger/leaf.h"

#include <gtest/gtest.h>

namespace khien::ledger {
namespace {

const LeafId id{"01JGGSA4R0000000000000000A"};

std::string reason_of(const LeafDraft& draft) {
  auto text = leaf_text(id, 1'767'225'600'123, draft);
  return text ? "none" : text.error().reason;
}

TEST(LeafText, IsCanonicalJson) {
  const auto text =
      leaf_text(id, 1'767'225'600'123,
                {.type = "order.approved",
                 .fields = {{"order", "O1"}, {"category", "phishing"}, {"version", 3}}});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            R"({"at_ms":1767225600123,"fields":{"category":"phishing","order":"O1","version":3},)"
            R"("id":"01JGGSA4R0000000000000000A","type":"order.approved"})");
}

TEST(LeafText, RefusesWhatCouldBeAboutAPerson) {
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"name", "x"}}}), "leaf_key");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"email", "x"}}}), "leaf_key");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"order", "Nguyen Thi A"}}}), "leaf_text");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"order", "Hạnh"}}}), "leaf_text");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"order", ""}}}), "leaf_text");
  EXPECT_EQ(reason_of({.type = "a b"}), "leaf_type");
  EXPECT_EQ(reason_of({.type = ""}), "leaf_type");
}

TEST(LeafText, HasMaxima) {
  const std::string longest(leaf_text_size_max, 'x');
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"order", longest}}}), "none");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"order", longest + "x"}}}), "leaf_text");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"size", (std::int64_t{1} << 53) - 1}}}), "none");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"size", std::int64_t{1} << 53}}}), "leaf_number");
  EXPECT_EQ(reason_of({.type = "a", .fields = {{"size", 1}, {"size", 2}}}), "leaf_key");
  LeafDraft draft{.type = "a"};
  const auto keys = allowed_leaf_keys();
  ASSERT_GT(keys.size(), leaf_fields_max);
  for (std::size_t i = 0; i < leaf_fields_max; ++i) {
    draft.fields.push_back({std::string{keys[i]}, longest});
  }
  EXPECT_EQ(reason_of(draft), "none");
  draft.fields.push_back({std::string{keys[leaf_fields_max]}, "x"});
  EXPECT_EQ(reason_of(draft), "leaf_fields_max");
}

TEST(Commitment, DependsOnSaltValueAndTheBorderBetweenThem) {
  EXPECT_EQ(commitment("salt", "value").size(), 64U);
  EXPECT_EQ(commitment("salt", "value"), commitment("salt", "value"));
  EXPECT_NE(commitment("salt", "value"), commitment("salt", "valuf"));
  EXPECT_NE(commitment("saltv", "alue"), commitment("salt", "value"));
  SeededRng rng{1};
  EXPECT_EQ(new_salt(rng).size(), 32U);
  EXPECT_NE(new_salt(rng), new_salt(rng));
}

}  // namespace
}  // namespace khien::ledger
