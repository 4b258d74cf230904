// What the client makes of answers, and one exchange over a real socket.
#include "probe/khiend_client.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "net/socket.h"

namespace khien::probe {
namespace {

TEST(HttpAnswer, IsReadWhole) {
  const auto answer = read_http_answer(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{}rest");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{}");
  const auto to_the_end = read_http_answer("HTTP/1.0 403 No\r\n\r\nwords");
  ASSERT_TRUE(to_the_end.has_value());
  EXPECT_EQ(to_the_end->status, 403);
  EXPECT_EQ(to_the_end->body, "words");
  EXPECT_EQ(read_http_answer("HTTP/1.1 204 No Content\r\n\r\n")->body, "");
}

TEST(HttpAnswer, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"}) {
    EXPECT_FALSE(read_http_answer(text).has_value()) << text;
  }
  EXPECT_FALSE(read_http_answer("HTTP/1.1 200 OK\r\nX: " + std::string(answer_head_size_max, 'a') +
                                "\r\n\r\n")
                   .has_value());
}

/// Takes one connection, reads one head and gives one answer.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : answer_(std::move(answer)),
        listener_(net::TcpListener::listen({.address = *net::SocketAddress::parse("127.0.0.1:0")})
                      .value()),
        thread_([this](const std::stop_token& stop) { serve(stop); }) {}
  [[nodiscard]] std::uint16_t port() const { return listener_.local_address().port; }
  std::string request() {
    thread_ = {};
    return request_;
  }

 private:
  void serve(const std::stop_token& stop) {
    std::optional<net::TcpSocket> socket;
    while (!socket && !stop.stop_requested()) {
      socket = listener_.accept();
    }
    std::array<std::uint8_t, 4'096> buffer;
    while (request_.find("\r\n\r\n") == std::string::npos && !stop.stop_requested()) {
      const auto moved = socket->read_some(buffer);
      request_ += as_text(Bytes{buffer}.first(moved.size));
    }
    if (socket) (void)socket->write_some(as_bytes(answer_));
  }
  std::string answer_;
  std::string request_;
  net::TcpListener listener_;
  std::jthread thread_;
};

class Client : public ::testing::Test {
 protected:
  KhiendClient client(std::uint16_t port, std::string path = "/") {
    return KhiendClient{
        {.url = {.is_encrypted = false, .host = "127.0.0.1", .port = port, .path = std::move(path)},
         .key = key,
         .clock = clock,
         .rng = rng,
         .program = "khien-probe test"}};
  }
  SystemClock clock;
  SeededRng rng{5};
  crypto::Ed25519Key key = crypto::Ed25519Key::generate(rng);
};

TEST_F(Client, SignsWhatItAsks) {
  OneAnswer server{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"};
  auto work = client(server.port(), "/khien/").fetch_work();
  const auto request = server.request();
  ASSERT_TRUE(work.has_value()) << work.error().message;
  EXPECT_EQ(*work, "{}");
  EXPECT_TRUE(request.starts_with("GET /khien/api/v1/probe/work HTTP/1.1\r\n")) << request;
  const auto at = request.find("Authorization: ") + 15;
  const auto proof = read_proof(request.substr(at, request.find("\r\n", at) - at));
  ASSERT_TRUE(proof.has_value()) << request;
  EXPECT_TRUE(is_signed(*proof, {.method = "GET", .path = work_path}));
  EXPECT_EQ(proof->body, crypto::sha256(""));
}

TEST_F(Client, SaysWhatKhiendSaid) {
  const std::string words = R"({"code":"denied","message":"set the clock"})";
  OneAnswer server{"HTTP/1.1 401 Unauthorized\r\nContent-Length: " + std::to_string(words.size()) +
                   "\r\n\r\n" + words};
  const auto work = client(server.port()).fetch_work();
  EXPECT_EQ(work.error().code, ErrorCode::denied);
  EXPECT_EQ(work.error().message, "khiend answers 401: set the clock");
}

TEST_F(Client, KnowsWhatToTryAgain) {
  const std::map<int, ErrorCode> codes{{409, ErrorCode::invalid_argument},
                                       {413, ErrorCode::invalid_argument},
                                       {429, ErrorCode::unavailable},
                                       {503, ErrorCode::unavailable}};
  for (const auto& [status, code] : codes) {
    OneAnswer server{"HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n"};
    EXPECT_EQ(client(server.port()).send_results("{}").error().code, code) << status;
  }
  OneAnswer server{"HTTP/1.1 204 No Content\r\n\r\n"};
  EXPECT_TRUE(client(server.port()).send_results("{}").has_value());
}

}  // namespace
}  // namespace khien::probe
