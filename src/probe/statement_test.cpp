#include "probe/statement.h"

#include <gtest/gtest.h>

namespace khien::probe {
namespace {

Statement some_statement() {
  const Observation blocked{.rcode = 3, .extended_error = 16, .took_ms = 12};
  const Observation open{
      .answer_count = 1, .took_ms = 3, .addresses = {*net::IpAddress::parse("192.0.2.80")}};
  Observation policy{.rcode = 3};
  policy.rpz_soa = true;
  policy.truncated = true;
  return {
      .run = "01KHNRVN000000000000000001",
      .from_ms = 1'795'800'000'000,
      .to_ms = 1'795'800'060'000,
      .program = "khien-probe 0.1.0",
      .resolvers = {{.resolver = *net::SocketAddress::parse("192.0.2.53:53"),
                     .serials = {{.zone = "orders-phishing.rpz.khien", .serial = 42}},
                     .canaries = {{.name = "tot.example", .told = open}},
                     .nonce = Told{tl::unexpected(Silence::unreachable)},
                     .names = {{.name = "xau.example",
                                .told = blocked,
                                .parent = Told{open},
                                .sibling = Told{policy}},
                               {.name = "im.example", .told = tl::unexpected(Silence::timeout)}}}},
      .control = ResolverTold{.resolver = *net::SocketAddress::parse("192.0.2.1:53"),
                              .names = {{.name = "xau.example", .told = blocked}}}};
}

TEST(Statement, IsReadBack) {
  const auto text = to_json(some_statement()).dump();
  const auto read = parse_statement(text);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(to_json(*read).dump(), text);
  EXPECT_EQ(read->resolvers.at(0).names.at(0).told->extended_error, 16);
  EXPECT_EQ(read->resolvers.at(0).names.at(1).told.error(), Silence::timeout);
  EXPECT_TRUE((*read->resolvers.at(0).names.at(0).sibling)->rpz_soa);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_statement(std::string_view{text}.substr(0, size)).has_value()) << size;
  }
}

TEST(Statement, IsBoundedAndStrict) {
  const auto reason_of = [](const codec::Json& json) {
    const auto read = parse_statement(json.dump());
    return read ? "" : read.error().reason;
  };
  const auto with = [&](std::string_view key, codec::Json value) {
    auto json = to_json(some_statement());
    json.set(key, std::move(value));
    return reason_of(json);
  };
  EXPECT_EQ(with("version", 2), "bad_version");
  EXPECT_EQ(with("client", "192.0.2.7"), "unknown_field");
  EXPECT_EQ(with("run", "x"), "bad_field");
  EXPECT_EQ(with("program", std::string(65, 'a')), "bad_field");
  EXPECT_EQ(with("to", "2020-01-01T00:00:00Z"), "bad_time") << "ends before it begins";
  EXPECT_EQ(with("from", "2020-01-01T00:00:00Z"), "bad_time") << "longer than two hours";
  EXPECT_EQ(with("to", "27 November"), "bad_time");
  EXPECT_EQ(parse_statement("[]").error().reason, "not_json");
  EXPECT_EQ(parse_statement(std::string(statement_size_max + 1, ' ')).error().reason, "not_json");

  const auto resolver = to_json(some_statement()).find("resolvers")->items().front();
  EXPECT_EQ(with("resolvers", codec::Json{codec::Json::Array(9, resolver)}), "too_many_rows");
  const auto with_resolver = [&](std::string_view key, codec::Json value) {
    auto changed = resolver;
    changed.set(key, std::move(value));
    return with("resolvers", codec::Json::array({changed}));
  };
  const auto name = resolver.find("names")->items().front();
  EXPECT_EQ(with_resolver("names", codec::Json{codec::Json::Array(200, name)}), "");
  EXPECT_EQ(with_resolver("names", codec::Json{codec::Json::Array(201, name)}), "too_many_rows");
  const auto told = [&](codec::Json value) {
    auto changed = name;
    changed.set("told", std::move(value));
    return with_resolver("names", codec::Json::array({changed}));
  };
  using codec::Json;
  EXPECT_EQ(told(Json::object({{"silence", "timeout"}})), "");
  EXPECT_EQ(told(Json::object({{"silence", "asleep"}})), "bad_field");
  EXPECT_EQ(told(Json::object({{"silence", "timeout"}, {"rcode", 0}})), "unknown_field");
  EXPECT_EQ(told(Json::object({{"rcode", 4'096}, {"answers", 0}, {"ms", 0}})), "bad_field");
  EXPECT_EQ(told(Json::object({{"rcode", 0}, {"answers", -1}, {"ms", 0}})), "bad_field");
  EXPECT_EQ(told(Json::object({{"rcode", 0}, {"answers", 0}, {"ms", 0}, {"ede", 65'536}})),
            "bad_field");
  EXPECT_EQ(told(Json::object({{"rcode", 0},
                               {"answers", 5},
                               {"ms", 0},
                               {"addresses", Json{Json::Array(5, Json{"192.0.2.1"})}}})),
            "too_many_rows");
  EXPECT_EQ(told(Json{3}), "bad_field");
}

// The largest statement that a probe can make of the largest list fits what khiend takes.
TEST(Statement, TheLargestFits) {
  const std::string name = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                           std::string(63, 'c') + "." + std::string(59, 'd');
  auto statement = some_statement();
  const Told told{Observation{
      .rcode = 3,
      .answer_count = 4,
      .extended_error = 16,
      .took_ms = 5'000,
      .addresses = std::vector(observed_addresses_max, *net::IpAddress::parse("192.0.2.80"))}};
  auto resolver = statement.resolvers.front();
  resolver.names.assign(work_names_max,
                        {.name = name, .told = told, .parent = told, .sibling = told});
  // Two resolvers and the control with the longest names there are.
  statement.resolvers.assign(2, resolver);
  statement.control = resolver;
  EXPECT_LT(to_json(statement).dump().size(), statement_size_max);
  // Eight with names as people make them.
  for (auto& one : resolver.names) {
    one.name = "dang-nhap.ngan-hang-so.example";
    one.parent = Told{Observation{.answer_count = 1}};
    one.sibling = Told{Observation{.rcode = 3}};
  }
  statement.resolvers.assign(work_resolvers_max, resolver);
  statement.control = resolver;
  EXPECT_LT(to_json(statement).dump().size(), statement_size_max);
}

}  // namespace
}  // namespace khien::probe
