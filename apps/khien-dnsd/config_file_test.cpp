#include "config_file.h"

#include <gtest/gtest.h>

namespace khien::dnsd {
namespace {

std::string refusal(std::string_view text) {
  const auto entries = parse_config(text);
  return entries ? "" : entries.error().message;
}

TEST(ConfigFile, ReadsWhatOptionsNeed) {
  const auto entries = parse_config(
      "# a comment\n\nstatus = \"127.0.0.1:5301\"  # another\nworkers=4\r\n"
      "check = true\nlisten = [\"192.0.2.1\", # first\n  '[2001:db8::1]:53',\n]\nsnapshot = '/a "
      "b#c'\n"
      "base-url = \"a\\\\b\\\"c\"\nnone = []");
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  ASSERT_EQ(entries->size(), 7U);
  EXPECT_EQ((*entries)[0].key, "status");
  EXPECT_EQ((*entries)[0].values, std::vector<std::string>{"127.0.0.1:5301"});
  EXPECT_EQ((*entries)[0].line, 3U);
  EXPECT_EQ((*entries)[1].values, std::vector<std::string>{"4"});
  EXPECT_EQ((*entries)[2].values, std::vector<std::string>{"true"});
  EXPECT_EQ((*entries)[3].values, (std::vector<std::string>{"192.0.2.1", "[2001:db8::1]:53"}));
  EXPECT_EQ((*entries)[4].values, std::vector<std::string>{"/a b#c"});
  EXPECT_EQ((*entries)[4].line, 9U);
  EXPECT_EQ((*entries)[5].values, std::vector<std::string>{"a\\b\"c"});
  EXPECT_TRUE((*entries)[6].values.empty());
}

TEST(ConfigFile, RefusesWithTheLine) {
  EXPECT_EQ(refusal("[listening]\n"), "line 1: there are no [tables]: every key stands by itself");
  EXPECT_EQ(refusal("\n\nworkers\n"), "line 3: after workers comes =");
  EXPECT_EQ(refusal("workers = four\n").substr(0, 7), "line 1:");
  EXPECT_EQ(refusal("workers = -1\n").substr(0, 7), "line 1:");
  EXPECT_EQ(refusal("workers = 4 5\n"), "line 1: after the value of workers comes nothing");
  EXPECT_EQ(refusal("status = \"open\n"), "line 1: a text does not end on its line");
  EXPECT_EQ(refusal("status = \"\\n\"\n"), "line 1: only \\\\ and \\\" are escapes");
  EXPECT_EQ(refusal("listen = [\"a\"\n\"b\"]\n"),
            "line 2: between the values of an array stands a comma");
  EXPECT_EQ(refusal("listen = [\"a\",\n").substr(0, 7), "line 2:");
  EXPECT_EQ(refusal("a = 1\nb = 2\na = 3\n"),
            "line 3: a stands in line 1 already; several values are an array");
  EXPECT_EQ(refusal("Workers = 1\n"), "line 1: a line is key = value");
}

// A file that was cut off anywhere ends in a whole entry or in an error, never in a guess.
TEST(ConfigFile, EveryPrefixIsReadOrRefused) {
  const std::string text = "listen = [\"192.0.2.1\", \"192.0.2.2\"]\nworkers = 4\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto entries = parse_config(std::string_view{text}.substr(0, size));
    if (!entries) continue;
    for (const auto& entry : *entries) {
      EXPECT_EQ(entry.values.size(), entry.key == "listen" ? 2U : 1U) << size;
    }
  }
}

}  // namespace
}  // namespace khien::dnsd
