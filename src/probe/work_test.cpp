#include "probe/work.h"

#include <gtest/gtest.h>

namespace khien::probe {
namespace {

Work some_work() {
  return {.id = "01KHNRVN000000000000000001",
          .next_s = 60,
          .questions_a_second = 5,
          .timeout_ms = 1'500,
          .resolvers = {*net::SocketAddress::parse("192.0.2.53:53"),
                        *net::SocketAddress::parse("[2001:db8::53]:53")},
          .control = *net::SocketAddress::parse("192.0.2.1:53"),
          .names = {{.name = "xau.shop.example", .neighbours = Neighbours::ask},
                    {.name = "da-go.example", .expected = Expected::resolving}},
          .canaries = {"tot.example"},
          .zones = {"orders-phishing.rpz.khien"},
          .nonce = "01khnrvn.n.probe.example"};
}

std::string reason_of(const codec::Json& json) {
  const auto work = parse_work(json.dump());
  return work ? "" : work.error().reason;
}

TEST(Work, IsReadBack) {
  const auto text = to_json(some_work()).dump();
  const auto work = parse_work(text);
  ASSERT_TRUE(work.has_value()) << work.error().message;
  EXPECT_EQ(to_json(*work).dump(), text);
  EXPECT_EQ(work->names.at(1).expected, Expected::resolving);
  EXPECT_EQ(work->names.at(0).neighbours, Neighbours::ask);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_work(std::string_view{text}.substr(0, size)).has_value()) << size;
  }
}

// A khiend that was taken over must not make probes a weapon.
TEST(Work, IsBounded) {
  const auto with = [](std::string_view key, codec::Json value) {
    auto json = to_json(some_work());
    json.set(key, std::move(value));
    return reason_of(json);
  };
  EXPECT_EQ(with("questions_a_second", 20), "");
  EXPECT_EQ(with("questions_a_second", 21), "bad_work");
  EXPECT_EQ(with("questions_a_second", 0), "bad_work");
  EXPECT_EQ(with("next_s", 29), "bad_work");
  EXPECT_EQ(with("next_s", 3'601), "bad_work");
  EXPECT_EQ(with("timeout_ms", 5'001), "bad_work");
  EXPECT_EQ(with("version", 2), "bad_work");
  EXPECT_EQ(with("id", "x"), "bad_work");
  EXPECT_EQ(with("more", 1), "unknown_field");
  const auto many = [](std::size_t count, std::string_view text) {
    return codec::Json{codec::Json::Array(count, codec::Json{text})};
  };
  EXPECT_EQ(with("canaries", many(8, "a.example")), "");
  EXPECT_EQ(with("canaries", many(9, "a.example")), "bad_work");
  EXPECT_EQ(with("zones", many(65, "a.example")), "bad_work");
  EXPECT_EQ(with("resolvers", many(9, "192.0.2.1:53")), "bad_work");
  EXPECT_EQ(with("resolvers", many(1, "192.0.2.1")), "bad_work");
  EXPECT_EQ(with("resolvers", many(1, "192.0.2.1:0")), "bad_work");
  const auto name =
      codec::Json::object({{"name", "a.example"}, {"expected", "blocked"}, {"neighbours", false}});
  EXPECT_EQ(with("names", codec::Json{codec::Json::Array(200, name)}), "");
  EXPECT_EQ(with("names", codec::Json{codec::Json::Array(201, name)}), "bad_work");
  auto wrong = name;
  wrong.set("expected", "gone");
  EXPECT_EQ(with("names", codec::Json::array({wrong})), "bad_work");
}

TEST(PlainName, IsLowerCaseAndFits) {
  for (const auto* name : {"a.example", "xn--hc-8ja.example", "_x.example", "vn"}) {
    EXPECT_TRUE(is_plain_name(name)) << name;
  }
  for (const auto& name : {std::string{}, std::string{"A.example"}, std::string{"a.example."},
                           std::string{"a b"}, std::string{"a..b"}, std::string{"xấu.example"},
                           std::string(64, 'a') + ".example", std::string{"."}}) {
    EXPECT_FALSE(is_plain_name(name)) << name;
  }
}

}  // namespace
}  // namespace khien::probe
