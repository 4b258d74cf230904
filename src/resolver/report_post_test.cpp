// Which URLs reports may go to, and one POST over a real socket, plain and under TLS.
#include "resolver/report_post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

#include "net/testing/certificate.h"

namespace khien::resolver {
namespace {

using testing::HasSubstr;

constexpr std::string_view key = "chia-khoa-cua-may-nay";

std::string refusal(std::string_view text) {
  const auto url = ReportUrl::parse(text);
  return url ? "" : url.error().message;
}

TEST(ReportUrl, IsReadWhole) {
  for (const std::string_view text :
       {"https://khiend.example/api/v1/resolver-reports", "https://khiend.example:8443/x",
        "https://[2001:db8::1]/x", "http://127.0.0.1:8080/x", "http://[::1]:8080/x",
        "http://localhost:8080/x", "https://192.0.2.1/x"}) {
    const auto url = ReportUrl::parse(text);
    ASSERT_TRUE(url.has_value()) << text << ": " << url.error().message;
    EXPECT_EQ(to_string(*url), text);
  }
  EXPECT_EQ(ReportUrl::parse("https://khiend.example")->path, "/");
}

TEST(ReportUrl, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "khiend.example", "ftp://khiend.example/", "https://", "https:///x",
        "https://a b.example/", "https://user:word@khiend.example/", "https://khiend.example/?a=b",
        "https://khiend.example/#a", "https://khiend.example:0/", "https://khiend.example:65536/",
        "https://khiend.example:/", "https://[2001:db8::1/", "https://2001:db8::1/",
        "https://[192.0.2.1]/", "https://khiend.example/\r\nX-Evil: 1"}) {
    EXPECT_THAT(refusal(text), HasSubstr("expected a URL")) << text;
  }
  EXPECT_FALSE(
      refusal("https://khiend.example/" + std::string(net::service_url_size_max, 'a')).empty());
}

TEST(ReportUrl, TheKeyNeverCrossesANetworkInTheClear) {
  for (const std::string_view text :
       {"http://khiend.example/", "http://192.0.2.1/", "http://[2001:db8::1]/",
        "http://localhost.example/", "http://127.0.0.1.example/"}) {
    EXPECT_THAT(refusal(text), HasSubstr("in the clear")) << text;
  }
}

/// Takes one connection on loopback, reads one request and answers it.
class Receiver {
 public:
  explicit Receiver(std::string answer, std::optional<net::TlsContext> tls = {})
      : answer_(std::move(answer)),
        tls_(std::move(tls)),
        listener_(net::TcpListener::listen({.address = *net::SocketAddress::parse("127.0.0.1:0")})
                      .value()),
        thread_([this] { serve(); }) {}

  [[nodiscard]] std::uint16_t port() const { return listener_.local_address().port; }
  /// What came; ends the thread.
  std::string request() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

 private:
  static void wait(int fd, short events) {
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    (void)::poll(&waiting, 1, 10'000);
  }
  void serve() {
    wait(listener_.fd(), POLLIN);
    auto accepted = listener_.accept();
    if (!accepted) return;
    net::StreamSocket socket = tls_ ? *net::StreamSocket::server(std::move(*accepted), *tls_)
                                    : net::StreamSocket{std::move(*accepted)};
    std::array<std::uint8_t, 4'096> buffer;
    while (!request_.ends_with("}")) {
      const auto moved = socket.read_some(buffer);
      if (moved.state == net::TcpSocket::State::closed) return;
      if (moved.state == net::TcpSocket::State::would_block) {
        wait(socket.fd(), socket.waits_for().readable ? POLLIN : POLLOUT);
      }
      request_ += as_text(Bytes{buffer}.first(moved.size));
    }
    for (Bytes left = as_bytes(answer_); !left.empty();) {
      const auto moved = socket.write_some(left);
      if (moved.state == net::TcpSocket::State::closed) return;
      left = left.subspan(moved.size);
    }
    socket.close();
  }

  std::string answer_;
  std::optional<net::TlsContext> tls_;
  net::TcpListener listener_;
  std::string request_;
  std::jthread thread_;
};

class ReportPostTest : public ::testing::Test {
 protected:
  Result<int> send(const ReportUrl& url, std::optional<net::TlsContext> tls = {}) {
    return ReportPost{url, std::move(tls), stop_.get()}.send(R"({"version":1})", key);
  }
  ReportUrl plain(std::uint16_t port) {
    return {.is_encrypted = false, .host = "127.0.0.1", .port = port, .path = "/nhan"};
  }
  FileDescriptor stop_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(ReportPostTest, SendsOneRequestAndGivesTheStatus) {
  Receiver receiver{"HTTP/1.1 204 No Content\r\n\r\n"};
  const auto status = send(plain(receiver.port()));
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(*status, 204);
  const std::string request = receiver.request();
  EXPECT_THAT(request, testing::StartsWith("POST /nhan HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer chia-khoa-cua-may-nay\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Length: 13\r\n"));
  EXPECT_THAT(request, testing::EndsWith("\r\n\r\n{\"version\":1}"));
}

TEST_F(ReportPostTest, TakesARedirectForAnAnswer) {
  Receiver receiver{"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n"};
  EXPECT_EQ(send(plain(receiver.port())).value(), 302);
}

TEST_F(ReportPostTest, WhatIsNoHttpIsNoAnswer) {
  for (const std::string& answer :
       {std::string{"SSH-2.0-x\r\n"}, std::string{"HTTP/1.1 2\r\n"},
        std::string{"HTTP/1.1 2x4\r\n"}, std::string{"HTTP/1.1 100 Continue\r\n\r\n"},
        std::string{"HTTP/2.0 204\r\n"}, std::string{"HTTP/1.1 2045\r\n"},
        std::string(2 * report_answer_size_max, 'a')}) {
    Receiver receiver{answer};
    const auto status = send(plain(receiver.port()));
    ASSERT_FALSE(status.has_value()) << answer;
    EXPECT_EQ(status.error().code, ErrorCode::malformed) << answer;
  }
  Receiver receiver{""};
  EXPECT_EQ(send(plain(receiver.port())).error().code, ErrorCode::unavailable);
}

TEST_F(ReportPostTest, NobodyThereIsUnavailable) {
  auto gone = net::TcpListener::listen({.address = *net::SocketAddress::parse("127.0.0.1:0")});
  const std::uint16_t port = gone->local_address().port;
  gone = fail(ErrorCode::unavailable, "closed");
  EXPECT_EQ(send(plain(port)).error().code, ErrorCode::unavailable);
}

TEST_F(ReportPostTest, StopsAtOnce) {
  const auto silent =
      net::TcpListener::listen({.address = *net::SocketAddress::parse("127.0.0.1:0")}).value();
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  const auto status = send(plain(silent.local_address().port));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "stopping");
}

TEST_F(ReportPostTest, ProvesTheServerUnderTls) {
  const net::testing::CertificateFolder folder{{.names = "IP:127.0.0.1"}};
  const auto server = [&] {
    return net::TlsContext::server({.certificate = folder.certificate(), .key = folder.key()})
        .value();
  };
  const auto client = net::TlsContext::client({.authorities = folder.certificate()}).value();
  Receiver good{"HTTP/1.1 204 No Content\r\n\r\n", server()};
  ReportUrl url = plain(good.port());
  url.is_encrypted = true;
  const auto status = send(url, client);
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(*status, 204);

  Receiver stranger{"HTTP/1.1 204 No Content\r\n\r\n", server()};
  url.host = "localhost";  // not in the certificate
  url.port = stranger.port();
  EXPECT_EQ(send(url, client).error().code, ErrorCode::denied);
  EXPECT_EQ(stranger.request(), "");  // and the key has not been told
}

TEST_F(ReportPostTest, ResolvesALocalName) {
  Receiver receiver{"HTTP/1.1 204 No Content\r\n\r\n"};
  ReportUrl url = plain(receiver.port());
  url.host = "localhost";
  EXPECT_EQ(send(url).value(), 204);
}

}  // namespace
}  // namespace khien::resolver
