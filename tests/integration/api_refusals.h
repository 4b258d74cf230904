// A whole khiend in this process, with a database of its own on free ports, whose route table the
// tests of refusals go through.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "api/gate.h"
#include "api/rates.h"
#include "base/testing/temporary_folder.h"
#include "feeds/entry_finding.h"
#include "http/raw_client_test.h"
#include "identity/first_start.h"
#include "identity/rights.h"
#include "khiend.h"
#include "probe/khiend_client.h"
#include "providers/probe_key.h"
#include "tally/resolver_key.h"

namespace khien::khiend {

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
inline std::string member(std::string_view text, std::string_view key) {
  const auto mark = "\"" + std::string{key} + "\":\"";
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return "";
  const auto from = at + mark.size();
  return std::string{text.substr(from, text.find('"', from) - from)};
}

class ApiRefusals : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    temporary_ = std::make_unique<TemporaryFolder>();
    folder_ = temporary_->path();
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
    temporary_.reset();
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

  static inline std::unique_ptr<TemporaryFolder> temporary_;
  static inline std::filesystem::path folder_;
  static inline std::unique_ptr<Khiend> khiend_;
  static inline std::vector<Route> routes_;
  static inline std::map<std::string, SignedIn> sessions_;
};

}  // namespace khien::khiend
