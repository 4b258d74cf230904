// Looks at pages of our own HTTP server on loopback, which only the test's own reach lets it
// contact.
#include "recheck/page_looker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "http/testing/tls_server.h"

namespace khien::recheck {
namespace {

const auto loopback = net::IpAddress::parse("127.0.0.1").value();

class PageLookerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<http::Route> routes;
    routes.push_back({.path = "/{page}",
                      .handler = [this](const http::Request& request) { return answer(request); },
                      .permission = "public"});
    server_ = http::Server::start({.listen = {{.address = {.ip = loopback, .port = 0}}}},
                                  http::Router::build(std::move(routes)).value(), clock_, metrics_)
                  .value();
    port_ = std::to_string(server_->addresses().front().port);
    hosts_ = {{"a.example", {loopback}}, {"www.a.example", {loopback}}, {"b.example", {loopback}}};
  }
  void TearDown() override { server_->stop(); }

  http::Response answer(const http::Request& request) {
    ++asked_;
    host_ = std::string{request.headers.find("Host").value_or("")};
    const auto page = request.parameter("page");
    if (const auto to = redirects_.find(std::string{page}); to != redirects_.end()) {
      auto response = http::see_other(to->second);
      response.status = 302;
      return response;
    }
    const int status = std::atoi(std::string{page}.c_str());
    return http::respond(status == 0 ? 200 : status, "text/html", std::string(size_, 'x'));
  }
  PageLooker looker(http::FetchReach reach = http::FetchReach::any,
                    std::vector<net::Prefix> own = {}) {
    return {{.timeout_ms = 2'000, .reach = reach, .own_addresses = [own] { return own; }},
            [this](std::string_view host) {
              ++resolved_;
              const auto found = hosts_.find(std::string{host});
              return found == hosts_.end() ? std::vector<net::IpAddress>{} : found->second;
            },
            suffixes_,
            clock_};
  }
  std::string url(const std::string& path, const std::string& host = "a.example") const {
    return "http://" + host + ":" + port_ + path;
  }
  /// "present 200"
  std::string seen(const std::string& page, http::FetchReach reach = http::FetchReach::any) {
    const auto looks = looker(reach).look({page});
    EXPECT_EQ(looks.size(), 1U);
    return std::string{to_string(looks[0].outcome)} + " " + std::to_string(looks[0].status);
  }

  SystemClock clock_;
  Metrics metrics_;
  text::PublicSuffixList suffixes_ = *text::PublicSuffixList::built_in();
  std::map<std::string, std::vector<net::IpAddress>> hosts_;
  std::map<std::string, std::string> redirects_;
  std::size_t size_ = 10;
  std::atomic<int> asked_ = 0;
  int resolved_ = 0;
  std::string host_;
  std::string port_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(PageLookerTest, TellsPresentGoneAndUnclear) {
  EXPECT_EQ(seen(url("/qua")), "present 200");
  EXPECT_EQ(host_, "a.example:" + port_);
  EXPECT_EQ(seen(url("/404")), "gone 404");
  EXPECT_EQ(seen(url("/410")), "gone 410");
  for (const auto* status : {"401", "403", "429", "451", "500", "503"}) {
    EXPECT_EQ(seen(url("/" + std::string{status})), std::string{"unclear "} + status);
  }
  size_ = http::page_size_max * 3;
  EXPECT_EQ(seen(url("/404")), "gone 404") << "a long body is cut, and tells nothing";
}

TEST_F(PageLookerTest, LooksAtEachPage) {
  const auto looks = looker().look({url("/qua"), url("/404")});
  ASSERT_EQ(looks.size(), 2U);
  EXPECT_EQ(looks[0], (PageLook{url("/qua"), PageOutcome::present, 200}));
  EXPECT_EQ(looks[1], (PageLook{url("/404"), PageOutcome::gone, 404}));
}

TEST_F(PageLookerTest, WhatCannotBeReachedIsNotGone) {
  EXPECT_EQ(seen(url("/qua", "khong.example")), "unreachable 0") << "no address";
  server_->stop();
  EXPECT_EQ(seen(url("/qua")), "unreachable 0");
  EXPECT_EQ(looker().look({"https://khong.example/"})[0].page, "https://khong.example/")
      << "neither way led anywhere: what was asked for is told";
}

// It is not asked over http either: who serves behind a bad certificate is there.
TEST_F(PageLookerTest, ABadCertificateIsUnclear) {
  const http::testing::Authority authority;
  std::vector<http::Route> routes;
  routes.push_back({.path = "/qua",
                    .handler = [](const http::Request&) { return http::respond(404, "", ""); },
                    .permission = "public"});
  const http::testing::TlsServer server{authority, std::move(routes)};
  const auto page = "https://a.example:" + std::to_string(server.port()) + "/qua";
  EXPECT_EQ(seen(page), "unclear 0");
}

TEST_F(PageLookerTest, FollowsRedirectsWithinTheSiteAlone) {
  redirects_["di"] = "/404";
  EXPECT_EQ(seen(url("/di")), "gone 404");
  redirects_["di"] = url("/qua", "www.a.example");
  EXPECT_EQ(seen(url("/di")), "present 200");
  asked_ = 0;
  for (const auto& elsewhere :
       {url("/qua", "b.example"), url("/qua", "127.0.0.1"),
        std::string{"http://169.254.169.254/latest/"}, std::string{"javascript:alert(1)"},
        std::string{"http://a.example:25/"}}) {
    redirects_["di"] = elsewhere;
    EXPECT_EQ(seen(url("/di")), "unclear 302") << elsewhere;
  }
  EXPECT_EQ(asked_, 5) << "the redirects themselves, and nobody else";
}

TEST_F(PageLookerTest, FollowsNoMoreThanItsLimit) {
  for (int i = 0; i < 9; ++i) redirects_["n" + std::to_string(i)] = "/n" + std::to_string(i + 1);
  redirects_["n3"] = "/qua";
  EXPECT_EQ(seen(url("/n1")), "present 200") << "three";
  asked_ = 0;
  EXPECT_EQ(seen(url("/n0")), "unclear 302") << "four";
  EXPECT_EQ(asked_, page_redirects_max + 1);
}

TEST_F(PageLookerTest, NeverContactsPrivateOrOwnAddresses) {
  for (const auto* address : {"127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1"}) {
    hosts_["a.example"] = {net::IpAddress::parse(address).value()};
    EXPECT_EQ(seen(url("/qua"), http::FetchReach::public_only), "unreachable 0") << address;
  }
  EXPECT_EQ(asked_, 0);
  hosts_["a.example"] = {loopback};
  const auto own =
      looker(http::FetchReach::any, {net::Prefix::of(loopback, 32)}).look({url("/qua")});
  EXPECT_EQ(own[0].outcome, PageOutcome::unreachable);
  EXPECT_EQ(asked_, 0);
}

// A name that is public when it is looked at first, and ours behind a redirect.
TEST_F(PageLookerTest, ARedirectGoesThroughTheSameGuard) {
  redirects_["di"] = url("/qua", "www.a.example");
  hosts_["www.a.example"] = {net::IpAddress::parse("127.0.0.9").value()};
  const auto looks =
      looker(http::FetchReach::any, {net::Prefix::parse("127.0.0.9").value()}).look({url("/di")});
  EXPECT_EQ(looks[0].outcome, PageOutcome::unreachable);
  EXPECT_EQ(asked_, 1);
}

TEST_F(PageLookerTest, AsksNoPortThatIsNoWebsites) {
  for (const auto* page : {"http://a.example:25/", "https://a.example:22/", "http://127.0.0.1/"}) {
    EXPECT_NE(seen(page).substr(0, 7), "present");
  }
  EXPECT_EQ(resolved_, 0);
}

/// A clock that stands at the end of a look's time once anybody is resolved.
class LateClock final : public Clock {
 public:
  [[nodiscard]] InstantMs now_ms() const noexcept override { return 0; }
  [[nodiscard]] std::int64_t steady_ms() const noexcept override { return at_ms; }
  std::int64_t at_ms = 0;
};

TEST_F(PageLookerTest, WhatThereIsNoTimeForIsNotAsked) {
  LateClock late;
  PageLooker slow{{.reach = http::FetchReach::any},
                  [&late](std::string_view) {
                    late.at_ms += pages_time_max_ms;
                    return std::vector{loopback};
                  },
                  suffixes_,
                  late};
  const auto looks = slow.look({url("/qua"), url("/404")});
  EXPECT_EQ(looks[0].outcome, PageOutcome::unreachable);
  EXPECT_EQ(looks[1].outcome, PageOutcome::unclear);
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace khien::recheck
