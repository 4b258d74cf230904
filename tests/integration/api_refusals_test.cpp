// Every route of khiend's table refuses whom it must. The cases are generated from the table, so a
// new route cannot be forgotten.
#include "api_refusals.h"

namespace khien::khiend {
namespace {

TEST_F(ApiRefusals, EveryRouteHasAPermissionAndALimitThatAreKnown) {
  std::set<std::string> rates{""};
  for (const auto& rate : api::rate_classes()) rates.insert(rate.name);
  for (const auto& route : routes_) {
    EXPECT_TRUE(api::is_permission(route.permission)) << route.path << " " << route.permission;
    EXPECT_TRUE(rates.contains(route.rate_class)) << route.path << " " << route.rate_class;
    EXPECT_EQ(has_session(route) && changes_something(route), route.csrf == http::Csrf::required)
        << route.path;
  }
}

TEST_F(ApiRefusals, NoRouteBehindASessionServesAStranger) {
  for (const auto& route : routes_) {
    if (!has_session(route)) continue;
    const auto answer = ask(to_string(route.method), path_of(route), "", "{}");
    EXPECT_EQ(answer.status, 401) << to_string(route.method) << " " << route.path;
    EXPECT_TRUE(answer.has("\"not_signed_in\"")) << route.path;
  }
}

TEST_F(ApiRefusals, NoRouteServesAMadeUpSession) {
  for (const auto& route : routes_) {
    if (!has_session(route)) continue;
    const auto answer =
        ask(to_string(route.method), path_of(route),
            "Cookie: khien_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n", "{}");
    EXPECT_EQ(answer.status, 401) << route.path;
  }
}
TEST_F(ApiRefusals, NoPublicRouteTakesAFormOfAnotherSite) {
  for (const auto& route : routes_) {
    if (route.permission != "public" || !changes_something(route)) continue;
    for (const std::string_view header :
         {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
          "Origin: https://evil.example\r\n"}) {
      const auto answer = ask(to_string(route.method), path_of(route), header, "{}");
      EXPECT_EQ(answer.status, 403) << route.path << " " << header;
      EXPECT_TRUE(answer.has("\"cross_site\"")) << route.path;
    }
  }
}

TEST_F(ApiRefusals, EveryRouteAsksForItsRightFirst) {
  const std::map<std::string, identity::Roles> people{{"thu", {identity::Role::auditor}},
                                                      {"quang", {identity::Role::administrator}}};
  for (const auto& [login, roles] : people) {
    const auto headers = headers_of(signed_in(login));
    for (const auto& route : routes_) {
      const auto action = identity::parse_action(route.permission);
      if (!action || roles.has_any(identity::roles_for(*action))) continue;
      const auto answer = ask(to_string(route.method), path_of(route), headers, "{}");
      EXPECT_EQ(answer.status, 403) << login << " " << to_string(route.method) << " " << route.path;
      EXPECT_TRUE(answer.has("\"not_your_role\"")) << route.path;
    }
  }
}

TEST_F(ApiRefusals, NoMutatingRouteTakesAForgedToken) {
  auto session = sign_in("lan");
  for (const std::string_view forged : {"", "forged"}) {
    session.csrf = forged;
    for (const auto& route : routes_) {
      if (route.csrf != http::Csrf::required) continue;
      const auto answer = ask(to_string(route.method), path_of(route), headers_of(session), "{}");
      EXPECT_EQ(answer.status, 403) << to_string(route.method) << " " << route.path;
      EXPECT_TRUE(answer.has("\"csrf\"")) << route.path;
    }
  }
}

TEST_F(ApiRefusals, AHalfSessionOpensNothing) {
  const auto first =
      ask("POST", "/api/v1/session", "",
          R"({"account":"hoa","password":")" + std::string{identity::demo_password} + "\"}");
  ASSERT_EQ(first.status, 200);
  const auto headers = headers_of(session_of(first));
  for (const auto& route : routes_) {
    if (!has_session(route) || route.permission == "half") continue;
    EXPECT_EQ(ask(to_string(route.method), path_of(route), headers, "{}").status, 401)
        << route.path;
  }
}

TEST_F(ApiRefusals, AStaleFactorIsAskedForAgainAndThenTheActionWorks) {
  const auto headers = headers_of(sign_in("mai"));
  const auto edit = [&] {
    return ask("PATCH", "/api/v1/session/account", headers, R"({"email":"mai@tinh.example"})");
  };
  const auto age = [] {
    return khiend_->services().database.transact([](store::Transaction& tx) {
      return tx.execute(
          "UPDATE session SET factor_at_ms = 1 WHERE stage = 'complete' AND "
          "account_id = (SELECT id FROM account WHERE login = 'mai')");
    });
  };
  ASSERT_TRUE(age().has_value());
  EXPECT_TRUE(edit().has("\"step_up_needed\""));
  const auto wrong = ask("POST", "/api/v1/session/step-up/totp", headers, R"({"code":"00000x"})");
  EXPECT_EQ(wrong.status, 403) << wrong.text;
  EXPECT_TRUE(wrong.has("\"bad_factor\""));
  EXPECT_TRUE(edit().has("\"step_up_needed\""));
  const auto code =
      identity::demo_code(khiend_->services().database, khiend_->services().identity, "mai");
  ASSERT_TRUE(code.has_value());
  const auto right =
      ask("POST", "/api/v1/session/step-up/totp", headers, R"({"code":")" + *code + "\"}");
  EXPECT_EQ(right.status, 204) << right.text;
  const auto edited = edit();
  EXPECT_EQ(edited.status, 200) << edited.text;
  EXPECT_TRUE(edited.has("\"email\":\"mai@tinh.example\"")) << edited.text;
  EXPECT_EQ(ask("PATCH", "/api/v1/session/account", headers, R"({"email":"a@b@c"})").status, 400);
}

TEST_F(ApiRefusals, AssigneesAreIdsAndNamesAlone) {
  const auto answer = ask("GET", "/api/v1/cases/assignees", headers_of(sign_in("lan")));
  EXPECT_EQ(answer.status, 200) << answer.text;
  EXPECT_TRUE(answer.has("Trần Thị Lan"));
  for (const std::string_view other : {"Lê Thị Hoa", "@", "\"lan\"", "analyst", "Phòng"}) {
    EXPECT_FALSE(answer.has(other)) << other << " in " << answer.text;
  }
}

TEST_F(ApiRefusals, AnExpiredSessionIsOver) {
  const auto headers = headers_of(sign_in("son"));
  ASSERT_EQ(ask("GET", "/api/v1/session", headers).status, 200);
  auto aged = khiend_->services().database.transact([](store::Transaction& tx) {
    return tx.execute(
        // Its end cannot be changed (schema), so it is idle since long ago.
        "UPDATE session SET seen_at_ms = 1 "
        "WHERE account_id = (SELECT id FROM account WHERE login = 'son')",
        {});
  });
  ASSERT_TRUE(aged.has_value()) << aged.error().message;
  const auto answer = ask("GET", "/api/v1/session", headers);
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("session_expired")) << answer.text;
}

TEST_F(ApiRefusals, SignedOutIsSignedOut) {
  const auto headers = headers_of(sign_in("quang"));
  EXPECT_EQ(ask("DELETE", "/api/v1/session", headers).status, 204);
  EXPECT_EQ(ask("GET", "/api/v1/session", headers).status, 401);
}

TEST_F(ApiRefusals, TenMegabytesAreRefusedUnread) {
  for (const auto& route : routes_) {
    if (!changes_something(route) || route.body_size_max >= ten_megabytes) continue;
    RawClient client{khiend_->http_addresses().front()};
    client.send(std::string{to_string(route.method)} + " " + path_of(route) +
                " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(ten_megabytes) +
                "\r\n\r\n");
    EXPECT_EQ(http::status_of(client.read_response()), 413) << route.path;
  }
}

TEST_F(ApiRefusals, MetricsAreForTheOperatorsMachines) {
  EXPECT_EQ(ask("GET", "/metrics").status, 403);
  RawClient client{khiend_->http_addresses().front()};
  client.send("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(http::status_of(client.read_to_end()), 200);
}

TEST_F(ApiRefusals, EveryAnswerIsProtected) {
  for (const std::string_view path : {"/", "/healthz", "/nothing", "/api/v1/session"}) {
    const auto answer = ask("GET", path);
    EXPECT_TRUE(answer.has("Content-Security-Policy: ")) << path;
    EXPECT_FALSE(answer.has("unsafe-inline")) << path;
    EXPECT_TRUE(answer.has("X-Content-Type-Options: nosniff")) << path;
    EXPECT_TRUE(answer.has("Referrer-Policy: no-referrer")) << path;
  }
}

TEST_F(ApiRefusals, HealthNamesItsParts) {
  const auto answer = ask("GET", "/healthz");
  EXPECT_EQ(answer.status, 200) << answer.text;
  EXPECT_TRUE(answer.has("\"database\":\"ok\"")) << answer.text;
}

}  // namespace
}  // namespace khien::khiend
