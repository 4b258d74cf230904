// A whole khiend in this process, with a database of its own on free ports: every route of its
// table refuses whom it must. The cases are generated from the table, so a new route cannot be
// forgotten.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "api/gate.h"
#include "api/rates.h"
#include "feeds/entry_finding.h"
#include "http/raw_client_test.h"
#include "identity/first_start.h"
#include "identity/rights.h"
#include "khiend.h"
#include "probe/khiend_client.h"
#include "providers/probe_key.h"
#include "tally/resolver_key.h"

namespace khien::khiend {
namespace {

using http::Method;
using http::RawClient;
using http::Route;

constexpr std::size_t ten_megabytes = 10UL * 1024 * 1024;
constexpr tally::KeyAct test_act{.basis = "operator", .decision = "for a test"};
constexpr std::string_view some_id = "01JD8Z7Q4M3T9X2V5B6C7D8E9F";

struct Answer {
  int status = 0;
  std::string text;
  [[nodiscard]] bool has(std::string_view part) const {
    return text.find(part) != std::string::npos;
  }
};

struct SignedIn {
  std::string cookie;
  std::string csrf;
};

/// The value of the JSON member `key` in `text`, which our own server wrote.
std::string member(std::string_view text, std::string_view key) {
  const auto mark = "\"" + std::string{key} + "\":\"";
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return "";
  const auto from = at + mark.size();
  return std::string{text.substr(from, text.find('"', from) - from)};
}

class ApiRefusals : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name = (std::filesystem::temp_directory_path() / "khien-api-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    Options options;
    options.listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
    options.dns_listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
    options.state = folder_;
    options.database = "sqlite:" + (folder_ / "khien.db").string();
    options.data = std::filesystem::path{KHIEN_SOURCE_DIR} / "data";
    options.texts = std::filesystem::path{KHIEN_SOURCE_DIR} / "i18n";
    options.public_url = "http://localhost:8080";
    // Tests come from 127.0.0.1; with it as proxy each can come from a network of its own.
    options.trusted_proxies = {net::Prefix::parse("127.0.0.1").value()};
    options.demo = true;
    auto started = Khiend::start(options);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    khiend_ = std::move(*started);
    auto routes = khiend_->routes();
    ASSERT_TRUE(routes.has_value());
    routes_ = std::move(*routes);
  }
  static void TearDownTestSuite() {
    routes_.clear();
    sessions_.clear();
    khiend_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// One request on a connection of its own, from a network of its own so that no rate limit of
  /// one case reaches another.
  static Answer ask(std::string_view method, std::string_view path, std::string_view headers = "",
                    std::string_view body = "") {
    static int network = 0;
    ++network;
    RawClient client{khiend_->http_addresses().front()};
    std::string text = std::string{method} + " " + std::string{path} +
                       " HTTP/1.1\r\nHost: localhost:8080\r\nX-Forwarded-For: 10." +
                       std::to_string(network / 250 % 250) + "." + std::to_string(network % 250) +
                       ".1\r\n" + std::string{headers};
    if (method != "GET") {
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n";
    }
    text += "Connection: close\r\n\r\n" + std::string{body};
    client.send(text);
    Answer answer{.text = client.read_to_end()};
    answer.status = http::status_of(answer.text);
    return answer;
  }

  /// Signs in as an invented person of the demo, with password and authenticator.
  static SignedIn sign_in(const std::string& login) {
    const auto first = ask("POST", "/api/v1/session", "",
                           R"({"account":")" + login + R"(","password":")" +
                               std::string{identity::demo_password} + "\"}");
    EXPECT_EQ(first.status, 200) << first.text;
    const auto code =
        identity::demo_code(khiend_->services().database, khiend_->services().identity, login);
    EXPECT_TRUE(code.has_value());
    const auto second = ask("POST", "/api/v1/session/totp", headers_of(session_of(first)),
                            R"({"code":")" + code.value_or("") + "\"}");
    EXPECT_EQ(second.status, 200) << second.text;
    return session_of(second);
  }
  /// The same for those who only read: an authenticator's code works once in its half minute.
  static const SignedIn& signed_in(const std::string& login) {
    const auto known = sessions_.find(login);
    return known != sessions_.end() ? known->second
                                    : sessions_.emplace(login, sign_in(login)).first->second;
  }
  static SignedIn session_of(const Answer& answer) {
    const auto at = answer.text.find("khien_session=");
    EXPECT_NE(at, std::string::npos);
    return {.cookie = answer.text.substr(at, answer.text.find(';', at) - at),
            .csrf = member(answer.text, "csrf_token")};
  }
  static std::string headers_of(const SignedIn& session) {
    return "Cookie: " + session.cookie + "\r\nX-CSRF-Token: " + session.csrf + "\r\n";
  }

  /// A path that matches the route's template.
  static std::string path_of(const Route& route) {
    std::string path;
    for (std::size_t i = 0; i < route.path.size(); ++i) {
      if (route.path[i] != '{') {
        path += route.path[i];
        continue;
      }
      const auto end = route.path.find('}', i);
      path += route.path.compare(end - 3, 3, "...") == 0 ? "x/y" : std::string{some_id};
      i = end;
    }
    return path;
  }
  static bool changes_something(const Route& route) { return route.method != Method::get; }
  static bool has_session(const Route& route) {
    return route.permission != "public" && route.permission != "local" &&
           route.permission != "resolver" && route.permission != "probe";
  }

  static tally::Context tally_context() {
    return {.clock = khiend_->services().clock, .rng = khiend_->services().rng};
  }
  static std::string resolver_key(std::string_view name) {
    auto key = khiend_->services().database.transact([&](store::Transaction& tx) {
      return tally::add_resolver(tx, tally_context(), name, test_act);
    });
    EXPECT_TRUE(key.has_value()) << key.error().message;
    return key.value_or("");
  }
  static constexpr providers::Act provider_act{.basis = "operator", .decision = "12/QĐ"};
  static std::string bearer(std::string_view key) {
    return "Authorization: Bearer " + std::string{key} + "\r\n";
  }
  /// "2026-11-27T18:05:00Z"
  static std::string second_text(InstantMs at_ms) {
    const std::time_t seconds = at_ms / ms_per_second;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    (void)std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
  }

  static std::filesystem::path folder_;
  static std::unique_ptr<Khiend> khiend_;
  static std::vector<Route> routes_;
  static std::map<std::string, SignedIn> sessions_;
};
std::filesystem::path ApiRefusals::folder_;
std::unique_ptr<Khiend> ApiRefusals::khiend_;
std::vector<Route> ApiRefusals::routes_;
std::map<std::string, SignedIn> ApiRefusals::sessions_;

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

TEST_F(ApiRefusals, WhoMaySeesTheZonesAndTheirFollowers) {
  const auto seen = ask("GET", "/api/v1/publication", headers_of(signed_in("thu")));
  EXPECT_EQ(seen.status, 200) << seen.text;
  EXPECT_TRUE(seen.has(R"("here":true)")) << seen.text;
  EXPECT_TRUE(seen.has(R"("name":"orders-phishing.rpz.khien")")) << seen.text;
  EXPECT_TRUE(seen.has(R"("name":"khien-dnsd")")) << seen.text;  // a new installation's follower
  EXPECT_TRUE(seen.has(R"("ring":"all")")) << seen.text;
  EXPECT_TRUE(seen.has(R"("state":"never")")) << seen.text;
}

TEST_F(ApiRefusals, TheDutyOperatorStopsAndDecidesAtTheGate) {
  const auto duty = headers_of(signed_in("duc"));
  const std::string path = "/api/v1/publication";
  const auto stopped = ask("POST", path + "/stop", duty, R"({"zone":"orders-fraud"})");
  EXPECT_EQ(stopped.status, 200) << stopped.text;
  const auto gate = ask("GET", path + "/gate", duty);
  EXPECT_TRUE(gate.has(R"("stopped":["orders-fraud"])")) << gate.text;
  EXPECT_TRUE(gate.has(R"("items":[])")) << gate.text;
  const std::vector<std::tuple<std::string, std::string, int, std::string>> refused{
      {"/stop", R"({"zone":"opinions"})", 400, "unknown_zone"},
      {"/resume", R"({"zone":"orders-phishing"})", 409, "not_stopped"},
      {"/rollback", R"({"zone":"orders-fraud","serial":1})", 400, "bad_field"},
      {"/rollback", R"({"zone":"orders-fraud","serial":1,"reason":"x"})", 400, "reason_needed"},
      {"/rollback", R"({"zone":"orders-fraud","serial":-1,"reason":"nhầm"})", 400, "bad_field"},
      {"/rollback", R"({"zone":"orders-fraud","serial":77,"reason":"nhầm"})", 404,
       "serial_unknown"},
      {"/gate/1/release", "{}", 404, "no_such_change"},
      {"/gate/x/release", "{}", 404, "no_such_change"},
      {"/gate/1/reject", R"({"reason":"nhầm"})", 404, "no_such_change"},
      {"/gate/1/release", R"({"in_stages":"yes"})", 400, "bad_field"},
      {"/gate/1/advance", "{}", 404, "no_such_change"},
      {"/stop", R"({"zone":"trial-own-fraud"})", 400, "unknown_zone"},
      {"/rollback", R"({"zone":"trial-own-fraud","serial":1,"reason":"nhầm"})", 400,
       "unknown_zone"},
  };
  for (const auto& [end, body, status, reason] : refused) {
    const auto answer = ask("POST", path + end, duty, body);
    EXPECT_EQ(answer.status, status) << end << answer.text;
    EXPECT_TRUE(answer.has("\"" + reason + "\"")) << end << answer.text;
  }
  EXPECT_EQ(ask("POST", path + "/resume", duty, R"({"zone":"orders-fraud"})").status, 200);
  const auto& services = khiend_->services();
  const auto leaves = services.database.read([](store::Executor& db) {
    return db.query_one(
        "SELECT count(*) FROM ledger_leaf WHERE type IN "
        "('publication.stopped', 'publication.resumed')");
  });
  EXPECT_EQ((*leaves)->integer(0), 2);  // nothing that was refused
}

// What a recheck found of a list: anyone with the right drops it; keeping is not for its proposer.
TEST_F(ApiRefusals, AFoundEntryIsDroppedOrKeptByOnePerson) {
  const auto& services = khiend_->services();
  const feeds::Context context{.clock = services.clock, .rng = services.rng};
  const auto found = services.database.transact([&](store::Transaction& tx) -> Result<void> {
    auto minh = tx.query_one("SELECT id FROM account WHERE login = 'minh'");
    if (!minh) return tl::unexpected<Error>{minh.error()};
    auto feed = feeds::propose_feed(tx, context,
                                    {.name = "Danh sách mẫu",
                                     .source = "mau.txt",
                                     .entries_max = 10,
                                     .valid_until_ms = services.clock.now_ms() + 9 * ms_per_day,
                                     .reason = "đã kiểm tra"},
                                    (*minh)->text(0));
    if (!feed) return tl::unexpected<Error>{feed.error()};
    for (const char* name : {"mot.example", "hai.example"}) {
      auto entry =
          feeds::find_entry(tx, context,
                            {.feed = feed->id,
                             .name = name,
                             .finding = cases::RecheckFinding::parked,
                             .grounds = {.looks = 2, .since_ms = 1, .server = "ns.example"}});
      if (!entry) return tl::unexpected<Error>{entry.error()};
    }
    return {};
  });
  ASSERT_TRUE(found.has_value()) << found.error().message;
  const std::string path = "/api/v1/rechecks";
  const auto listed = ask("GET", path + "/entries", headers_of(signed_in("thu")));
  EXPECT_EQ(listed.status, 200) << listed.text;
  EXPECT_TRUE(listed.has(R"("name":"mot.example")")) << listed.text;
  EXPECT_TRUE(listed.has(R"("server":"ns.example")")) << listed.text;
  const std::string reason = R"({"reason":"không còn"})";
  const auto keep = [&](const std::string& login, const std::string& body) {
    return ask("POST", path + "/entries/2/keep", headers_of(signed_in(login)), body);
  };
  EXPECT_TRUE(keep("minh", reason).has("own_feed"));
  EXPECT_TRUE(keep("hoa", R"({"reason":""})").has("feed_reason"));
  EXPECT_EQ(keep("hoa", reason).status, 200);
  EXPECT_TRUE(keep("hoa", reason).has("wrong_state"));
  const auto duty = headers_of(signed_in("duc"));
  const auto dropped = ask("POST", path + "/entries/1/drop", duty, reason);
  EXPECT_EQ(dropped.status, 200) << dropped.text;
  EXPECT_TRUE(dropped.has(R"("state":"dropped")")) << dropped.text;
  EXPECT_EQ(ask("POST", path + "/entries/x/drop", duty, reason).status, 404);
  const auto proposals = ask("GET", path + "/proposals", duty);
  EXPECT_TRUE(proposals.has(R"("enabled":false)")) << proposals.text;
  EXPECT_TRUE(proposals.has(R"("total":0)")) << proposals.text;
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
