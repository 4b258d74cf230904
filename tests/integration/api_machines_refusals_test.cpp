// Routes of machines, which have no session: resolvers and their reports, probes.
#include "api_refusals.h"

namespace khien::khiend {
namespace {

// A resolver's key is no session, and a session is no resolver's key.
TEST_F(ApiRefusals, ResolversRoutesTakeAKeyInUseAndNothingElse) {
  const auto session = headers_of(sign_in("khanh"));
  const auto mine = resolver_key("refusals");
  const auto revoked = resolver_key("refusals-revoked");
  auto ended = khiend_->services().database.transact([](store::Transaction& tx) {
    return tally::revoke_resolver(tx, tally_context(), "refusals-revoked", test_act);
  });
  ASSERT_TRUE(ended.has_value()) << ended.error().message;
  auto wrong = mine;
  wrong.back() = wrong.back() == 'A' ? 'E' : 'A';
  int seen = 0;
  for (const auto& route : routes_) {
    if (route.permission != "resolver") continue;
    ++seen;
    for (const auto& headers :
         {std::string{}, session, bearer(wrong), bearer(revoked), bearer(""), bearer(mine + "A"),
          "Authorization: Basic " + mine + "\r\n", "Authorization: " + mine + "\r\n",
          bearer(mine) + bearer(mine), "Cookie: khien_session=" + mine + "\r\n"}) {
      const auto answer = ask(to_string(route.method), path_of(route), headers, "{}");
      EXPECT_EQ(answer.status, 401) << route.path << " " << headers;
      EXPECT_TRUE(answer.has("\"resolver_key\"")) << answer.text;
      EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer")) << answer.text;
    }
    const auto let_in = ask(to_string(route.method), path_of(route), bearer(mine), "{}");
    EXPECT_EQ(let_in.status, 400) << "the key opens it: " << let_in.text;
  }
  EXPECT_EQ(seen, 1);
  for (const auto& route : routes_) {
    if (!has_session(route)) continue;
    EXPECT_EQ(ask(to_string(route.method), path_of(route), bearer(mine), "{}").status, 401)
        << route.path;
  }
}

// A probe's signature opens one request of its own; a session or a resolver's key opens none.
TEST_F(ApiRefusals, ProbesRoutesTakeASignatureAndNothingElse) {
  const auto& services = khiend_->services();
  SystemRng rng;
  const auto enrol = [&](std::string name) {
    auto key = crypto::Ed25519Key::generate(rng);
    auto done = services.database.transact([&](store::Transaction& tx) -> Result<void> {
      const auto context = api::providers_context(services);
      auto provider = providers::add_provider(
          tx, context,
          {.name = "nha-" + name,
           .title = "Nhà mạng Thử",
           .terms = {},
           .resolvers = {{.address = *net::SocketAddress::parse("192.0.2.53:53")}}},
          provider_act);
      if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
      auto probe = providers::enrol_probe(
          tx, context, {.name = name, .provider = *provider, .key = key.public_key()},
          provider_act);
      if (!probe) return tl::unexpected<Error>{std::move(probe).error()};
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return key;
  };
  const auto mine = enrol("may-1");
  const auto gone = enrol("may-2");
  ASSERT_TRUE(services.database
                  .transact([&](store::Transaction& tx) {
                    return providers::revoke_probe(tx, api::providers_context(services), "may-2",
                                                   provider_act);
                  })
                  .has_value());
  const auto stranger = crypto::Ed25519Key::generate(rng);
  const auto signed_by = [&](const crypto::Ed25519Key& key, std::string_view method,
                             std::string_view path, std::string_view body) {
    return "Authorization: " +
           probe::sign_request(key, {.method = method, .path = path}, body, services.clock.now_ms(),
                               rng) +
           "\r\n";
  };
  const auto session = headers_of(sign_in("son"));
  const auto resolver = bearer(resolver_key("refusals-probe"));
  int seen = 0;
  for (const auto& route : routes_) {
    if (route.permission != "probe") continue;
    ++seen;
    const auto method = to_string(route.method);
    const std::string body = route.method == Method::get ? "" : "{}";
    const auto good = signed_by(mine, method, route.path, body);
    for (const auto& headers :
         {std::string{}, session, resolver, signed_by(gone, method, route.path, body),
          signed_by(stranger, method, route.path, body), signed_by(mine, "PUT", route.path, body),
          signed_by(mine, method, "/api/v1/session", body), good + good}) {
      const auto answer = ask(method, route.path, headers, body);
      EXPECT_EQ(answer.status, 401) << route.path << " " << headers;
      EXPECT_TRUE(answer.has("\"probe_signature\"")) << answer.text;
    }
    const auto let_in = ask(method, route.path, good, body);
    EXPECT_EQ(let_in.status, route.method == Method::get ? 200 : 400) << let_in.text;
    const auto again = ask(method, route.path, good, body);
    EXPECT_TRUE(again.has("\"probe_replayed\"")) << again.text;
  }
  EXPECT_EQ(seen, 2);
  const std::string results{probe::results_path};
  const auto other_body = ask("POST", results, signed_by(mine, "POST", results, "{}"), "{ }");
  EXPECT_EQ(other_body.status, 400) << "no statement, whatever its hash: " << other_body.text;
  const std::string large((1U << 20U) + 1, ' ');
  EXPECT_EQ(ask("POST", results, signed_by(mine, "POST", results, large), large).status, 413);
  for (const auto& route : routes_) {
    if (!has_session(route)) continue;
    const auto method = to_string(route.method);
    const auto path = path_of(route);
    EXPECT_EQ(ask(method, path, signed_by(mine, method, path, "{}"), "{}").status, 401) << path;
  }
}

// What the contract of resolvers' reports promises over HTTP; its rows are report_test's.
TEST_F(ApiRefusals, AReportIsTakenOnceAndWithinItsBounds) {
  const auto key = bearer(resolver_key("dns-a"));
  const std::string path = "/api/v1/resolver-reports";
  const auto now_ms = khiend_->services().clock.now_ms();
  const auto report = [](std::string_view id, InstantMs to_ms, std::string_view rules = "",
                         std::string_view names = "") {
    return R"({"version":1,"id":")" + std::string(31, '0') + std::string{id} + R"(","from":")" +
           second_text(to_ms - ms_per_hour) + R"(","to":")" + second_text(to_ms) +
           R"(","rules":[)" + std::string{rules} + R"(],"rules_left_out":0,"new_names":[)" +
           std::string{names} + R"(],"new_names_dropped":0})";
  };
  const auto one =
      report("1", now_ms, R"({"source":"orders-phishing","name":"xau.example","hits":12})",
             R"({"name":"moi-thay.example","networks":41})");
  const auto first = ask("POST", path, key, one);
  EXPECT_EQ(first.status, 204) << first.text;
  const auto second = ask("POST", path, key, one);
  EXPECT_EQ(second.status, 200) << second.text;
  EXPECT_TRUE(second.has("Content-Length: 0")) << second.text;

  std::string many;
  for (int i = 0; i <= 10'000; ++i) {
    many += std::string{i == 0 ? "" : ","} + R"({"name":"a)" + std::to_string(i) +
            R"(.test","networks":10})";
  }
  const std::map<std::string, std::pair<std::string, int>> refused{
      {"report_in_the_future", {report("2", now_ms + 11 * ms_per_minute), 400}},
      {"report_too_old", {report("3", now_ms - 8 * ms_per_day), 400}},
      {"bad_source",
       {report("4", now_ms, R"({"source":"orders-opinion","name":"a.test","hits":10})"), 400}},
      {"too_few_hits",
       {report("5", now_ms, R"({"source":"emergency","name":"a.test","hits":9})"), 400}},
      {"too_many_rows", {report("6", now_ms, "", many), 400}},
      {"not_json", {"[]", 400}},
      {"body_too_large", {std::string((1U << 20U) + 1, ' '), 413}},
  };
  for (const auto& [reason, given] : refused) {
    const auto answer = ask("POST", path, key, given.first);
    EXPECT_EQ(answer.status, given.second) << reason << answer.text;
    EXPECT_TRUE(answer.has("\"" + reason + "\"")) << reason << answer.text;
  }

  const auto officer = headers_of(signed_in("thu"));
  const auto names = ask("GET", "/api/v1/new-names?q=moi-thay", officer);
  EXPECT_EQ(names.status, 200) << names.text;
  EXPECT_TRUE(names.has(R"("name":"moi-thay.example")")) << names.text;
  EXPECT_TRUE(names.has(R"("networks":41)")) << names.text;
  EXPECT_TRUE(names.has(R"("resolvers":["dns-a"])")) << names.text;
  EXPECT_EQ(ask("GET", "/api/v1/new-names?limit=0", officer).status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/new-names?q=" + std::string(201, 'a'), officer).status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/orders/" + std::string{some_id} + "/hits", officer).status, 404);
}

}  // namespace
}  // namespace khien::khiend
