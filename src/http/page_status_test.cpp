// One page asked on loopback: our own server with and without TLS, and peers that no proper server
// is like.
#include "http/page_status.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "http/testing/tls_server.h"

namespace khien::http {
namespace {

const auto loopback = net::IpAddress::parse("127.0.0.1").value();

/// Takes one connection, says `answer`, and then says nothing more until its end.
class SilentPeer {
 public:
  explicit SilentPeer(std::string answer)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto native = net::to_native({.ip = loopback, .port = 0});
    EXPECT_EQ(::bind(listener_.get(), native.get(), native.size), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    EXPECT_EQ(::getsockname(listener_.get(), native.get(), &native.size), 0);
    port_ = net::from_native(native).port;
    thread_ = std::jthread{[this, said = std::move(answer)] {
      const FileDescriptor peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!peer.valid()) return;
      (void)::send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL);
      char octet = 0;
      while (::recv(peer.get(), &octet, 1, 0) > 0) continue;
    }};
  }
  SilentPeer(const SilentPeer&) = delete;
  SilentPeer& operator=(const SilentPeer&) = delete;
  ~SilentPeer() { ::shutdown(listener_.get(), SHUT_RDWR); }
  [[nodiscard]] std::string url() const {
    return "http://a.example:" + std::to_string(port_) + "/";
  }

 private:
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

class PageStatusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = Server::start({.listen = {{.address = {.ip = loopback, .port = 0}}}},
                            Router::build(routes()).value(), clock_, metrics_)
                  .value();
    tls_ = std::make_unique<testing::TlsServer>(authority_, routes());
  }
  void TearDown() override { server_->stop(); }

  std::vector<Route> routes() {
    std::vector<Route> out;
    const auto add = [&out](std::string path, Handler handler) {
      out.push_back(
          {.path = std::move(path), .handler = std::move(handler), .permission = "public"});
    };
    add("/co", [this](const Request& request) {
      ++asked_;
      agent_ = std::string{request.headers.find("User-Agent").value_or("")};
      cookie_ = cookie_ || request.headers.find("Cookie").has_value();
      auto response = respond(200, "text/html", "<p>có</p>");
      response.headers.set("Set-Cookie", "ai=ban");
      return response;
    });
    add("/mat", [](const Request&) { return respond(410, "text/html", "mất"); });
    add("/di", [](const Request&) { return see_other("/co?x=1"); });
    add("/lon", [](const Request&) {
      return respond(200, "text/html", std::string(page_size_max * 4, 'x'));
    });
    return out;
  }
  PageRequest request(std::string_view path) const {
    return {.url = "http://a.example:" + std::to_string(server_->addresses().front().port) +
                   std::string{path},
            .addresses = {loopback},
            .user_agent = "Mozilla/5.0 (thử)",
            .reach = FetchReach::any,
            .ca_file = authority_.certificate()};
  }
  static std::string told(const PageRequest& request) {
    const auto seen = page_status(request);
    if (seen) return std::to_string(seen->status);
    return std::string{to_string(seen.error().code)} + " " + seen.error().reason;
  }

  std::atomic<int> asked_ = 0;
  std::atomic<bool> cookie_ = false;
  std::string agent_;
  SystemClock clock_;
  Metrics metrics_;
  testing::Authority authority_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<testing::TlsServer> tls_;
};

TEST_F(PageStatusTest, TellsTheStatusWhateverItIs) {
  EXPECT_EQ(told(request("/co")), "200");
  EXPECT_EQ(told(request("/co")), "200");
  EXPECT_EQ(agent_, "Mozilla/5.0 (thử)");
  EXPECT_FALSE(cookie_) << "no cookie is ever sent back";
  EXPECT_EQ(told(request("/mat")), "410");
  EXPECT_EQ(told(request("/khong-co")), "404");
}

TEST_F(PageStatusTest, SaysWhereARedirectLeadsAndDoesNotGo) {
  const auto seen = page_status(request("/di"));
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  EXPECT_EQ(seen->status, 303);
  EXPECT_EQ(seen->location, request("/co?x=1").url);
  EXPECT_EQ(asked_, 0);
}

TEST_F(PageStatusTest, ConnectsToPublicAddressesAlone) {
  auto wanted = request("/co");
  wanted.reach = FetchReach::public_only;
  for (const auto* address : {"127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1",
                              "::ffff:127.0.0.1", "fd00::1"}) {
    wanted.addresses = {net::IpAddress::parse(address).value()};
    EXPECT_EQ(told(wanted), "denied address_not_public") << address;
  }
  wanted = request("/co");
  wanted.never = {net::Prefix::parse("127.0.0.0/8").value()};
  EXPECT_EQ(told(wanted), "denied address_not_public") << "one of ours, whatever the reach";
  // An address in the URL itself is no way round.
  wanted = request("/co");
  wanted.reach = FetchReach::public_only;
  wanted.addresses = {net::IpAddress::parse("203.0.113.1").value()};
  wanted.url = "http://127.0.0.1:" + std::to_string(server_->addresses().front().port) + "/co";
  EXPECT_EQ(told(wanted), "denied address_not_public");
  EXPECT_EQ(asked_, 0);
}

TEST_F(PageStatusTest, ASiteWithoutAnAddressIsAskedNowhere) {
  auto wanted = request("/co");
  wanted.addresses.clear();
  EXPECT_EQ(told(wanted), "unavailable ");
  EXPECT_EQ(asked_, 0);
}

TEST_F(PageStatusTest, ReadsALittleOfALongBody) {
  EXPECT_EQ(told(request("/lon")), "200");
  const testing::RawTlsPeer peer{authority_,
                                 "HTTP/1.1 404 Not Found\r\nContent-Length: 9999999\r\n"
                                 "\r\nbreaks off"};
  auto wanted = request("/");
  wanted.url = peer.url("/");
  EXPECT_EQ(told(wanted), "404");
  const testing::RawTlsPeer talker{
      authority_, "HTTP/1.1 200 OK\r\nX: " + std::string(page_size_max, 'x') + "\r\n\r\n"};
  wanted.url = talker.url("/");
  EXPECT_EQ(told(wanted).substr(0, 3), "lim");
}

TEST_F(PageStatusTest, DoesNotWaitForASlowBodyOrHead) {
  auto wanted = request("/");
  wanted.timeout_ms = 200;
  const SilentPeer slow{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"};
  wanted.url = slow.url();
  EXPECT_EQ(told(wanted), "200") << "by then the status is told";
  const SilentPeer half{"HTTP/1.1 200 OK\r\nContent-"};
  wanted.url = half.url();
  EXPECT_EQ(told(wanted), "timeout ");
  const SilentPeer early{"HTTP/1.1 103 Early Hints\r\n\r\n"};
  wanted.url = early.url();
  EXPECT_EQ(told(wanted), "timeout ") << "an interim head is no answer";
}

TEST_F(PageStatusTest, ChecksTheCertificate) {
  auto wanted = request("/");
  wanted.url = tls_->url("/co");
  EXPECT_EQ(told(wanted), "200");
  wanted.ca_file.clear();
  EXPECT_EQ(told(wanted), "denied certificate");
}

TEST_F(PageStatusTest, RefusesWhatIsNoPage) {
  for (const auto* url : {"", "x", "file:///etc/passwd", "ftp://a.example/", "http://"}) {
    auto wanted = request("/");
    wanted.url = url;
    EXPECT_EQ(told(wanted), "invalid_argument bad_url") << url;
  }
  auto wanted = request("/co");
  wanted.user_agent = "x\r\nCookie: a=b";
  EXPECT_EQ(told(wanted), "invalid_argument bad_header");
  wanted = request("/");
  wanted.url += std::string(fetch_url_size_max, 'a');
  EXPECT_EQ(told(wanted), "invalid_argument bad_url");
}

}  // namespace
}  // namespace khien::http
