#include "exchange/squid.h"

#include <gtest/gtest.h>

namespace khien::exchange {
namespace {

struct Read {
  std::string channel;
  std::string target;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read(std::string_view line) {
  const auto question = read_squid_question(line);
  return question ? Read{question->channel, question->target} : Read{"none", "none"};
}

TEST(SquidQuestion, HasAChannelOrNot) {
  EXPECT_EQ(read("https://a.example/x"), (Read{"", "https://a.example/x"}));
  EXPECT_EQ(read("17 https://a.example/x -"), (Read{"17", "https://a.example/x"}));
  EXPECT_EQ(read("0 a.example\r"), (Read{"0", "a.example"}));
  EXPECT_EQ(read("a.example -"), (Read{"", "a.example"}));
  EXPECT_EQ(read("1234"), (Read{"", "1234"})) << "a host of digits";
  EXPECT_EQ(read(" 3  a.example "), (Read{"3", "a.example"}));
  EXPECT_EQ(read(""), (Read{"none", "none"}));
  EXPECT_EQ(read("  "), (Read{"none", "none"}));
}

TEST(SquidQuestion, IsDecodedOnce) {
  EXPECT_EQ(read("0 https://a.example/a%2520b%20c").target, "https://a.example/a%20b c");
  EXPECT_EQ(read("0 a%").target, "a%");
  EXPECT_EQ(read("0 a%2").target, "a%2");
  EXPECT_EQ(read("0 a%zz").target, "a%zz");
}

TEST(SquidAnswer, IsOneLineWhateverTheMessageHolds) {
  EXPECT_EQ(to_line({.channel = "7", .result = SquidResult::err}), "7 ERR\n");
  EXPECT_EQ(to_line({.result = SquidResult::broken, .message = "không có danh sách"}),
            "BH message=\"không có danh sách\"\n");
  EXPECT_EQ(to_line({.channel = "0",
                     .result = SquidResult::ok,
                     .message = "a \"b\" \\ c\nOK\t",
                     .log = "orders"}),
            "0 OK message=\"a \\\"b\\\" \\\\ c OK \" log=\"orders\"\n");
}

}  // namespace
}  // namespace khien::exchange
