// The server over real loopback sockets: what goes right, each limit, and what hostile clients
// send.
#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "http/event_hub.h"
#include "http/raw_client_test.h"

namespace khien::http {
namespace {

using namespace std::string_literals;

constexpr std::size_t big = 10UL * 1024 * 1024;

class EchoUpload final : public Upload {
 public:
  explicit EchoUpload(std::atomic<int>& open) : open_(open) { ++open_; }
  ~EchoUpload() override { --open_; }
  Result<void> write(Bytes data) override {
    if (as_text(data).find("FORBIDDEN") != std::string_view::npos) {
      return fail(ErrorCode::invalid_argument, "not this", "forbidden_word");
    }
    size_ += data.size();
    return {};
  }
  Response finish() override { return respond(201, "text/plain", std::to_string(size_)); }

 private:
  std::atomic<int>& open_;
  std::size_t size_ = 0;
};

class ServerTest : public testing::Test {
 protected:
  SystemClock clock_;
  Metrics metrics_;
  std::atomic<int> uploads_{0};
  std::latch entered_{1};
  std::latch release_{1};
  EventHub hub_{clock_, metrics_};
  std::unique_ptr<Server> server_;

  std::vector<Route> routes() {
    const auto add = [](std::vector<Route>& all, Method method, std::string path, Handler handler) {
      all.push_back({.method = method,
                     .path = std::move(path),
                     .handler = std::move(handler),
                     .permission = "public",
                     .rate_class = "test"});
    };
    std::vector<Route> all;
    add(all, Method::get, "/hello", [](const Request& request) {
      return respond(200, "text/plain",
                     "hello " + std::string{request.query_value("n").value_or("")});
    });
    add(all, Method::get, "/who", [](const Request& request) {
      return respond(200, "text/plain", to_string(request.client) + (request.secure ? " s" : " p"));
    });
    add(all, Method::post, "/echo",
        [](const Request& request) { return respond(200, "text/plain", request.body); });
    add(all, Method::get, "/slow", [this](const Request&) {
      entered_.count_down();
      release_.wait();
      return respond(200, "text/plain", "slow");
    });
    add(all, Method::get, "/throw",
        [](const Request&) -> Response { throw std::runtime_error("a bug"); });
    add(all, Method::get, "/inject",
        [](const Request& request) { return see_other(request.query_value("to").value_or("")); });
    add(all, Method::get, "/events", [this](const Request&) {
      Response response;
      response.events = hub_.subscribe(0).value();
      return response;
    });
    add(all, Method::get, "/large",
        [](const Request&) { return respond(200, "text/plain", std::string(300'000, 'x')); });
    all.push_back({.method = Method::post,
                   .path = "/upload",
                   .upload = [this](const Request& request)
                       -> std::variant<Response, std::unique_ptr<Upload>> {
                     if (request.headers.find("X-Refuse"))
                       return problem({.code = ErrorCode::denied, .message = "no"});
                     return std::make_unique<EchoUpload>(uploads_);
                   },
                   .permission = "public",
                   .rate_class = "test",
                   .body_size_max = upload_size_max});
    return all;
  }

  void start(ServerOptions options = {}) {
    if (options.listen.empty()) {
      options.listen = {{.address = net::SocketAddress::parse("127.0.0.1:0").value()}};
    }
    if (options.rate_classes.empty()) {
      options.rate_classes = {{.name = "test", .burst = 1e6, .per_minute = 1e6}};
    }
    auto router = Router::build(routes());
    ASSERT_TRUE(router.has_value()) << router.error().message;
    auto started = Server::start(std::move(options), std::move(*router), clock_, metrics_);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    server_ = std::move(*started);
  }
  void TearDown() override {
    hub_.close();
    if (server_) server_->stop();
    EXPECT_EQ(uploads_.load(), 0);
  }
  RawClient connect() { return RawClient{server_->addresses().front()}; }
  std::string ask(std::string_view text) {
    auto client = connect();
    client.send(text);
    client.finish_sending();
    return client.read_to_end();
  }
  std::int64_t metric(std::string_view name) { return metrics_.counter(name, "").value(); }
};

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: h.example\r\n" + std::string{more} +
         "\r\n";
}
std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return "POST " + std::string{target} +
         " HTTP/1.1\r\nHost: h.example\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string{more} + "\r\n" + std::string{body};
}

TEST_F(ServerTest, AnswersOneRequestAfterTheOtherOnAConnection) {
  start();
  auto client = connect();
  client.send(get("/hello?n=Lan"));
  const auto first = client.read_response();
  EXPECT_EQ(status_of(first), 200);
  EXPECT_TRUE(first.ends_with("hello Lan"));
  EXPECT_NE(first.find("Connection: keep-alive"), std::string::npos);
  EXPECT_NE(first.find("X-Content-Type-Options: nosniff"), std::string::npos);
  client.send(post("/echo", "body one") + get("/hello?n=pipelined"));
  EXPECT_TRUE(client.read_response().ends_with("body one"));
  EXPECT_TRUE(client.read_response().ends_with("pipelined"));
  EXPECT_NE(metrics_.exposition().find(R"(route="/hello",status="2xx"} 2)"), std::string::npos);
}

TEST_F(ServerTest, ReadsChunkedBodiesAndAnswersHead) {
  start();
  const auto chunked =
      ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_TRUE(chunked.ends_with("abcdefg")) << chunked;
  const auto head = ask("HEAD /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 6"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_EQ(ask(get("/large", "Connection: close\r\n")).size() > 300'000, true);
}

TEST_F(ServerTest, WorksOneOctetAtATime) {
  start();
  auto client = connect();
  for (const char c : post("/echo", "slowly")) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_TRUE(client.read_response().ends_with("slowly"));
}

TEST_F(ServerTest, AnswersUnknownPathsAndMethods) {
  start();
  EXPECT_EQ(status_of(ask(get("/nothing"))), 404);
  const auto wrong = ask("DELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(status_of(wrong), 405);
  EXPECT_NE(wrong.find("Allow: GET, HEAD"), std::string::npos);
  EXPECT_EQ(status_of(ask("BREW /hello HTTP/1.1\r\nHost: h\r\n\r\n")), 405);
}

TEST_F(ServerTest, SurvivesABugInAHandler) {
  start();
  EXPECT_EQ(status_of(ask(get("/throw"))), 500);
  EXPECT_EQ(status_of(ask(get("/inject?to=%0d%0aSet-Cookie:%20x=1"))), 500);
  EXPECT_EQ(status_of(ask(get("/hello"))), 200);
}

// RFC 9112 sections 3, 5 and 6: each of these means different things to different servers.
TEST_F(ServerTest, RefusesWhatSmugglingLivesOn) {
  start();
  const std::string smuggled = "GET /hello?n=smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string& text : std::vector<std::string>{
           // both lengths, either order
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
           "\r\n0\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n"
           "\r\n0\r\n\r\n" +
               smuggled,
           // lengths that differ, repeat or are no number
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 0\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +0\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0x0\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n" +
               smuggled,
           // transfer codings that we do not speak, or spelt oddly
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
           "identity\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" +
               smuggled,
           // broken chunks
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
           "1ffffffffffffffff\r\n" +
               smuggled,
           "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX" +
               smuggled,
           // bare line feeds, spaces and controls where none may stand
           "GET /hello HTTP/1.1\nHost: h\n\n" + smuggled,
           "GET /hello HTTP/1.1\r\nHost: h\nX: y\r\n\r\n" + smuggled,
           "GET /hello HTTP/1.1\r\nHost: h\r\nX\r\n\r\n" + smuggled,
           "GET /hello HTTP/1.1\r\n Host: h\r\n\r\n" + smuggled,
           "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s + smuggled,
           "GET  /hello HTTP/1.1\r\nHost: h\r\n\r\n" + smuggled,
           "GET /hel lo HTTP/1.1\r\nHost: h\r\n\r\n" + smuggled,
           "GET /hello\tHTTP/1.1\r\nHost: h\r\n\r\n" + smuggled,
           // Host missing or twice
           "GET /hello HTTP/1.1\r\n\r\n" + smuggled,
           "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
           // targets and versions that are not ours
           "GET http://h/hello HTTP/1.1\r\nHost: h\r\n\r\n" + smuggled,
           "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n" + smuggled,
           "GET /hello HTTP/2.0\r\nHost: h\r\n\r\n" + smuggled,
           "GET /hello\r\n" + smuggled,
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + smuggled,
       }) {
    const auto answer = ask(text);
    const int status = status_of(answer);
    EXPECT_TRUE(status == 400 || status == 501 || status == 505) << status << " for " << text;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << text;
  }
  EXPECT_GT(metric("khien_http_malformed_total"), 20);
}

TEST_F(ServerTest, RefusesTargetsThatLeaveTheTree) {
  start();
  for (const std::string_view target :
       {"/../etc/passwd", "/%2e%2e/etc/passwd", "/..%2f", "/%00", "/%zz", "/hello?n=%f"}) {
    EXPECT_EQ(status_of(ask(get(target))), 400) << target;
  }
}

TEST_F(ServerTest, SaysNothingToACutRequest) {
  start();
  const auto whole = post("/echo", "0123456789");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(ask(std::string_view{whole}.substr(0, size)), "") << size;
  }
}

TEST_F(ServerTest, ReachesTheHeaderLimits) {
  start();
  EXPECT_EQ(status_of(ask(get("/hello", "X: " + std::string(15UL * 1024, 'a') + "\r\n"))), 200);
  EXPECT_EQ(status_of(ask(get("/hello", "X: " + std::string(17UL * 1024, 'a') + "\r\n"))), 431);
  EXPECT_EQ(status_of(ask(get("/hello", "X: " + std::string(big, 'a') + "\r\n"))), 431);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X: 1\r\n";
  EXPECT_EQ(status_of(ask(get("/hello", many))), 431);
  EXPECT_EQ(metric("khien_http_header_too_large_total"), 3);
}

TEST_F(ServerTest, RefusesALargeBodyWithoutReadingIt) {
  start();
  auto declared = connect();
  declared.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(big) +
                "\r\n\r\n");
  EXPECT_EQ(status_of(declared.read_response()), 413) << "before a single octet of the body came";

  auto sent = connect();
  const bool all_taken = sent.send(post("/echo", std::string(big, 'x')));
  EXPECT_FALSE(all_taken) << "10 MB went in";
  auto chunked = connect();
  chunked.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  chunked.send(chunk + chunk + chunk);
  EXPECT_EQ(status_of(chunked.read_response()), 413);
  EXPECT_EQ(metric("khien_http_body_too_large_total"), 3);
  EXPECT_EQ(status_of(ask(post("/echo", std::string(body_size_default_max, 'x')))), 200);
}

TEST_F(ServerTest, TakesUploadsPieceByPiece) {
  start();
  const auto answer = ask(post("/upload", std::string(big, 'x')));
  EXPECT_EQ(status_of(answer), 201);
  EXPECT_TRUE(answer.ends_with(std::to_string(big)));
  EXPECT_EQ(status_of(ask(post("/upload", std::string(upload_size_max + 1, 'x')))), 413);
  EXPECT_TRUE(ask(post("/upload", "")).ends_with("\r\n\r\n0"));
  EXPECT_EQ(status_of(ask(post("/upload", "x", "X-Refuse: 1\r\n"))), 403);
  EXPECT_EQ(status_of(ask(post("/upload", "FORBIDDEN"))), 400);
  EXPECT_EQ(ask("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\ncut"), "");
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
  start();
  auto client = connect();
  client.send(
      "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(status_of(client.read_response()), 201);
  EXPECT_EQ(status_of(ask(get("/hello", "Expect: tea\r\n"))), 417);
}

TEST_F(ServerTest, ClosesIdleAndSlowConnections) {
  start({.limits = {.idle_timeout_ms = 30, .header_timeout_ms = 30, .body_timeout_ms = 30}});
  auto idle = connect();
  EXPECT_EQ(idle.read_to_end(), "");
  auto slow_head = connect();
  slow_head.send("GET /hello HTTP/1.1\r\nHo");
  EXPECT_EQ(status_of(slow_head.read_to_end()), 408);
  auto slow_body = connect();
  slow_body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(status_of(slow_body.read_to_end()), 408);
  EXPECT_EQ(metric("khien_http_request_timeouts_total"), 2);
}

TEST_F(ServerTest, DrippingDoesNotMoveTheHeadsDeadline) {
  start({.limits = {.header_timeout_ms = 60}});
  auto client = connect();
  std::string answer;
  // Each octet comes well within the limit; the head as a whole does not. Ends when the server
  // does.
  client.send("GET /hello HTTP/1.1\r\nX: ");
  while (client.send("a")) {
  }
  SUCCEED();
}

TEST_F(ServerTest, ReachesTheConnectionLimits) {
  start({.limits = {.connections_max = 3, .connections_per_client_max = 2}});
  auto first = connect();
  auto second = connect();
  first.send(get("/hello"));
  second.send(get("/hello"));
  EXPECT_EQ(status_of(first.read_response()), 200);
  EXPECT_EQ(status_of(second.read_response()), 200);
  auto third = connect();
  EXPECT_EQ(status_of(third.read_to_end()), 503);
  EXPECT_EQ(metric("khien_http_connections_refused_total"), 1);
}

TEST_F(ServerTest, HoldsOneThousandAndTwentyFourConnections) {
  start({.limits = {.connections_per_client_max = 2'000}});
  const ServerLimits limits;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < limits.connections_max; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->addresses().front()));
    ASSERT_TRUE(clients.back()->connected()) << i;
  }
  clients.back()->send(get("/hello"));
  ASSERT_EQ(status_of(clients.back()->read_response()), 200);
  auto one_more = connect();
  EXPECT_EQ(status_of(one_more.read_to_end()), 503);
}

TEST_F(ServerTest, EndsAConnectionAfterItsLastRequest) {
  start({.limits = {.requests_per_connection_max = 2}});
  auto client = connect();
  client.send(get("/hello") + get("/hello") + get("/hello"));
  EXPECT_NE(client.read_response().find("keep-alive"), std::string::npos);
  EXPECT_NE(client.read_response().find("Connection: close"), std::string::npos);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, RefusesWhenAllWorkersAreBusy) {
  start({.workers = {.threads = 1, .queue_size_max = 1}});
  auto running = connect();
  running.send(get("/slow"));
  entered_.wait();
  auto queued = connect();
  queued.send(get("/slow"));
  std::string refused;
  // Until the second one stands in the queue, a third may take its place; one of them is refused.
  auto third = connect();
  third.send(get("/slow"));
  while (metric("khien_http_workers_full_total") == 0) std::this_thread::yield();
  release_.count_down();
  const auto a = queued.read_response();
  const auto b = third.read_response();
  EXPECT_EQ(std::minmax(status_of(a), status_of(b)), std::minmax(200, 503));
  EXPECT_NE((a + b).find("Retry-After"), std::string::npos);
  EXPECT_EQ(status_of(running.read_response()), 200);
}

TEST_F(ServerTest, LimitsRatesByClient) {
  start({.rate_classes = {{.name = "test", .burst = 1, .per_minute = 1}}});
  EXPECT_EQ(status_of(ask(get("/hello"))), 200);
  const auto refused = ask(get("/hello"));
  EXPECT_EQ(status_of(refused), 429);
  EXPECT_NE(refused.find("Retry-After: "), std::string::npos);
}

TEST_F(ServerTest, AsksTheGateBeforeTheHandlerAndTheBody) {
  start({.gate = [](Request& request, const Route&) -> std::optional<Response> {
    if (request.headers.find("X-Key")) return std::nullopt;
    return problem({.code = ErrorCode::denied, .message = "no"});
  }});
  EXPECT_EQ(status_of(ask(get("/hello"))), 403);
  EXPECT_EQ(status_of(ask(get("/hello", "X-Key: 1\r\n"))), 200);
  auto upload = connect();
  upload.send("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(status_of(upload.read_response()), 403) << "before the body";
}

TEST_F(ServerTest, TakesTheClientFromATrustedProxyOnly) {
  start({.trusted_proxies = {net::Prefix::parse("127.0.0.1").value()}});
  const auto forwarded = "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n";
  EXPECT_TRUE(ask(get("/who", forwarded)).ends_with("203.0.113.7 s"));
  server_->stop();
  start();
  EXPECT_TRUE(ask(get("/who", forwarded)).ends_with("127.0.0.1 p"));
}

TEST_F(ServerTest, StreamsEvents) {
  start();
  auto client = connect();
  client.send(get("/events"));
  const auto head = client.read_until(": listening\n\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  hub_.publish("case-changed", R"({"id":"7"})");
  EXPECT_NE(client.read_until("\"7\"}\n\n").find("event: case-changed"), std::string::npos);
  hub_.close();
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, FinishesRunningRequestsWhenItStops) {
  start();
  auto idle = connect();
  idle.send(get("/hello"));
  static_cast<void>(idle.read_response());
  auto running = connect();
  running.send(get("/slow"));
  entered_.wait();
  std::jthread stopping{[this] { server_->stop(); }};
  EXPECT_EQ(idle.read_to_end(), "") << "idle connections close at once";
  release_.count_down();
  const auto answer = running.read_to_end();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  stopping.join();
  EXPECT_FALSE(connect().connected());
}

TEST_F(ServerTest, RefusesAnAddressInUseAndBadTlsFiles) {
  start();
  const auto start_error = [&](ListenOptions listen) {
    ServerOptions options;
    options.listen = {std::move(listen)};
    return Server::start(std::move(options), Router::build(routes()).value(), clock_, metrics_)
        .error()
        .code;
  };
  EXPECT_EQ(start_error({.address = server_->addresses().front()}), ErrorCode::unavailable);
  EXPECT_EQ(start_error({.address = net::SocketAddress::parse("127.0.0.1:0").value(),
                         .tls = TlsFiles{.certificate = "/nowhere", .key = "/nowhere"}}),
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace khien::http
