// The client against our own server over TLS on loopback, with a certificate made for the test.
#include "http/fetch.h"

#include <gtest/gtest.h>

#include "http/static_files.h"
#include "http/testing/tls_server.h"

namespace khien::http {
namespace {

class FetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<Route> routes;
    const auto add = [&routes](std::string path, Handler handler) {
      routes.push_back(
          {.path = std::move(path), .handler = std::move(handler), .permission = "public"});
    };
    add("/list", [](const Request& request) {
      Response response = respond(200, "text/plain", "bad.example\n");
      response.headers.set("ETag", "\"v1\"");
      response.headers.set("Last-Modified", "Mon, 23 Nov 2026 00:00:00 GMT");
      if (matches_etag(request, "\"v1\"")) {
        response.status = 304;
        response.body.clear();
      }
      return response;
    });
    add("/hop/{n}", [](const Request& request) {
      const int left = std::stoi(std::string{request.parameter("n")});
      return see_other(left == 0 ? "/list" : "/hop/" + std::to_string(left - 1));
    });
    add("/to-http", [](const Request&) { return see_other("http://127.0.0.1:9/"); });
    add("/gone", [](const Request&) { return respond(410, "text/plain", "gone"); });
    add("/large",
        [](const Request&) { return respond(200, "text/plain", std::string(5'000, 'x')); });
    server_ = std::make_unique<testing::TlsServer>(authority_, std::move(routes));
  }
  FetchRequest request(std::string_view path) const {
    return {.url = server_->url(path),
            .timeout_ms = 10'000,
            .reach = FetchReach::any,
            .ca_file = authority_.certificate()};
  }
  /// The body, or the error's code and reason.
  std::string get(const FetchRequest& request) {
    std::string body;
    last_ = fetch(request, [&](Bytes piece) -> Result<void> {
      body += as_text(piece);
      return {};
    });
    return last_ ? body : std::string{to_string(last_.error().code)} + " " + last_.error().reason;
  }

  testing::Authority authority_;
  std::unique_ptr<testing::TlsServer> server_;
  Result<Fetched> last_;
};

TEST_F(FetchTest, FetchesAndAsksForChangesOnly) {
  auto wanted = request("/list");
  EXPECT_EQ(get(wanted), "bad.example\n");
  ASSERT_TRUE(last_.has_value());
  EXPECT_TRUE(last_->changed);
  EXPECT_EQ(last_->size, 12U);
  EXPECT_EQ(last_->content_type, "text/plain");
  wanted.etag = last_->etag;
  wanted.last_modified = last_->last_modified;
  EXPECT_EQ(get(wanted), "");
  ASSERT_TRUE(last_.has_value());
  EXPECT_FALSE(last_->changed);
}

TEST_F(FetchTest, FollowsFewRedirectsAndNeverToPlainHttp) {
  EXPECT_EQ(get(request("/hop/2")), "bad.example\n");
  EXPECT_TRUE(last_->final_url.ends_with("/list"));
  EXPECT_EQ(get(request("/hop/3")), "unavailable ");
  EXPECT_EQ(get(request("/to-http")), "invalid_argument bad_url");
}

TEST_F(FetchTest, RefusesAddressesThatAreNotPublic) {
  auto wanted = request("/list");
  wanted.reach = FetchReach::public_only;
  EXPECT_EQ(get(wanted), "denied address_not_public");
  for (const std::string_view url :
       {"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://localhost/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/",
        "https://10.0.0.1/", "https://0/"}) {
    wanted.url = url;
    EXPECT_EQ(get(wanted), "denied address_not_public") << url;
  }
}

TEST_F(FetchTest, ChecksTheCertificateAndItsName) {
  auto wanted = request("/list");
  wanted.ca_file.clear();  // the machine's roots do not know our certificate
  EXPECT_EQ(get(wanted), "denied certificate");
  wanted = request("/list");
  const auto port = server_->port();
  wanted.url = "https://localhost:" + std::to_string(port) + "/list";
  EXPECT_EQ(get(wanted), "denied certificate");
}

TEST_F(FetchTest, ReachesItsLimits) {
  auto wanted = request("/large");
  wanted.size_max = 4'999;
  EXPECT_EQ(get(wanted), "limit_exceeded body_too_large");
  wanted.size_max = 5'000;
  EXPECT_EQ(get(wanted).size(), 5'000U);
  wanted.url = "https://h.example/" + std::string(fetch_url_size_max, 'a');
  EXPECT_EQ(get(wanted), "invalid_argument bad_url");
}

// Half a document must not pass for one that has lost its other half.
TEST_F(FetchTest, RefusesADocumentThatBreaksOff) {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbad.example\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nC\r\nbad.example\n\r\n"}) {
    const testing::RawTlsPeer peer{authority_, std::string{answer}};
    auto wanted = request("/");
    wanted.url = peer.url("/list");
    EXPECT_EQ(get(wanted), "unavailable ") << answer;
  }
}

TEST_F(FetchTest, TellsFailuresApart) {
  EXPECT_EQ(get(request("/gone")), "not_found ");
  for (const std::string_view url :
       {"", "http://h.example/", "file:///etc/passwd", "https://", "ftp://h.example/"}) {
    auto wanted = request("");
    wanted.url = url;
    EXPECT_EQ(get(wanted), "invalid_argument bad_url") << url;
  }
  auto injected = request("/list");
  injected.etag = "\"x\"\r\nX-Evil: 1";
  EXPECT_EQ(get(injected), "invalid_argument bad_validator");
  const auto refused = fetch(request("/list"), [](Bytes) -> Result<void> {
    return fail(ErrorCode::malformed, "not a list", "not_a_list");
  });
  EXPECT_EQ(refused.error().reason, "not_a_list");
}

}  // namespace
}  // namespace khien::http
