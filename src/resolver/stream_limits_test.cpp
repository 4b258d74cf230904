// Each limit of streams is reached, and says so in its counter.
#include <sys/resource.h>

#include "resolver/test_http2.h"
#include "resolver/test_streams.h"

namespace khien::resolver {
namespace {

TEST_F(StreamServerTest, HoldsSoManyConnections) {
  start({.connections_max = 2});
  auto first = plain();
  auto second = encrypted(StreamKind::dot, "dot");
  (void)first.say(with_length(refused_query()));
  ASSERT_FALSE(answer(first).empty());
  (void)second.say(with_length(refused_query()));
  ASSERT_FALSE(answer(second).empty());
  auto third = plain();
  EXPECT_TRUE(closes(third));
  EXPECT_EQ(count(Count::stream_refused_total), 1U);
  first.socket().close();
  serve();
  auto fourth = plain();
  (void)fourth.say(with_length(refused_query()));
  EXPECT_FALSE(answer(fourth).empty());
}

TEST_F(StreamServerTest, HoldsSoManyConnectionsOfOneNetwork) {
  start({.prefix = {.open_max = 2}});
  auto first = plain();
  auto second = plain();
  auto third = plain();
  EXPECT_TRUE(closes(third));
  EXPECT_EQ(count(Count::stream_refused_prefix), 1U);
  EXPECT_FALSE(first.closed() || second.closed());
}

TEST_F(StreamServerTest, ShakesHandsSoOftenWithOneNetwork) {
  start({.prefix = {.handshakes_burst = 2, .handshakes_per_second = 1}});
  const auto visit = [&](StreamKind kind) {
    auto client = kind == StreamKind::plain ? plain() : encrypted(kind, "dot");
    (void)client.say(with_length(refused_query()));
    return !answer(client).empty();
  };
  EXPECT_TRUE(visit(StreamKind::dot));
  EXPECT_TRUE(visit(StreamKind::dot));
  EXPECT_FALSE(visit(StreamKind::dot));
  EXPECT_EQ(count(Count::stream_refused_rate), 1U);
  EXPECT_TRUE(visit(StreamKind::plain));  // costs no handshake
  pass(1'000);
  EXPECT_TRUE(visit(StreamKind::dot));
}

TEST_F(StreamServerTest, ClosesAHandshakeThatDoesNotEnd) {
  start({}, {});
  auto mute = plain();  // plain TCP is not in a handshake
  TestStream silent{net::StreamSocket{connect(StreamKind::dot)}};
  serve();
  pass(4'900);
  (void)silent.move();
  EXPECT_FALSE(silent.closed());
  pass(600);
  EXPECT_TRUE(closes(silent));
  EXPECT_EQ(count(Count::stream_closed_handshake), 1U);
  (void)mute.move();
  EXPECT_FALSE(mute.closed());
}

TEST_F(StreamServerTest, ClosesAProxyThatSaysNothing) {
  start({}, {net::Prefix::parse("127.0.0.0/8").value()});
  auto silent = plain();
  serve();
  pass(5'600);
  EXPECT_TRUE(closes(silent));
  EXPECT_EQ(count(Count::stream_closed_handshake), 1U);
}

TEST_F(StreamServerTest, ClosesIdleConnectionsAndEncryptedOnesLater) {
  start();
  auto tcp = plain();
  auto dot = encrypted(StreamKind::dot, "dot");
  for (auto* client : {&tcp, &dot}) {
    (void)client->say(with_length(refused_query()));
    ASSERT_FALSE(answer(*client).empty());
  }
  // Octets that are no whole query keep nothing open.
  pass(6'000);
  (void)tcp.say(Octets{0});
  serve();
  pass(4'500);
  EXPECT_TRUE(closes(tcp));
  EXPECT_EQ(count(Count::stream_closed_idle), 1U);
  (void)dot.move();
  EXPECT_FALSE(dot.closed());
  pass(20'000);
  EXPECT_TRUE(closes(dot));
  EXPECT_EQ(count(Count::stream_closed_idle), 2U);
}

TEST_F(StreamServerTest, TellsAnIdleClientOfHttpsThatItCloses) {
  start();
  auto client = encrypted(StreamKind::doh, "h2");
  (void)client.say(http2_hello());
  Http2Reader reader;
  const auto read = [&] {
    reader.read(client.in);
    client.in.clear();
  };
  ASSERT_TRUE(until(client, [&] { return read(), reader.acks == 1; }));
  EXPECT_EQ(reader.goaway, 0U);
  pass(31'000);
  EXPECT_TRUE(closes(client));
  read();
  EXPECT_EQ(reader.goaway, NGHTTP2_NO_ERROR + 1U);
  EXPECT_EQ(count(Count::stream_closed_idle), 1U);
}

TEST_F(StreamServerTest, ClosesOnWhoAsksAndNeverReads) {
  start();
  auto client = encrypted(StreamKind::dot, "dot");
  (void)client.say(with_length(refused_query()));
  ASSERT_FALSE(answer(client).empty());
  client.reads = false;
  const Octets one = with_length(refused_query(dns::option_padding));
  Octets many;
  for (int i = 0; i < 200; ++i) append(many, one);
  for (int i = 0; i < 20'000 && count(Count::stream_closed_unsent) == 0; ++i) {
    if (client.unsent() < many.size()) (void)client.say(many);
    (void)client.move();
    (void)loop_->run_once(0);
  }
  EXPECT_EQ(count(Count::stream_closed_unsent), 1U);
}

// Without the pause an event loop without descriptors runs hot and serves nobody.
TEST_F(StreamServerTest, WaitsWhenNoDescriptorIsLeft) {
  start();
  auto first = plain();
  (void)first.say(with_length(refused_query()));
  ASSERT_FALSE(answer(first).empty());
  auto second = plain();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(second.socket().fd()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  serve(50);
  const auto paused = count(Count::stream_accept_paused);
  (void)first.say(with_length(refused_query()));
  const bool goes_on = !answer(first).empty();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(paused, 1U);
  EXPECT_TRUE(goes_on);
  pass(150);
  (void)second.say(with_length(refused_query()));
  EXPECT_FALSE(answer(second).empty());
}

TEST_F(StreamServerTest, ServesHundredsOfConnectionsAndKeepsNothingOfThem) {
  start();
  constexpr std::size_t clients_count = 200;
  const auto descriptors = [] {
    std::size_t open = 0;
    for ([[maybe_unused]] const auto& _ : std::filesystem::directory_iterator{"/proc/self/fd"}) {
      ++open;
    }
    return open;
  };
  const std::size_t before = descriptors();
  {
    std::vector<TestStream> clients;
    for (std::size_t i = 0; i < clients_count; ++i) {
      clients.push_back(encrypted(StreamKind::dot, "dot"));
      (void)clients.back().say(with_length(refused_query()));
      serve(1);
    }
    std::size_t answered = 0;
    for (auto& client : clients) answered += answer(client).empty() ? 0U : 1U;
    EXPECT_EQ(answered, clients_count);
  }
  for (int i = 0; i < 100 && descriptors() != before; ++i) serve();
  EXPECT_EQ(descriptors(), before);
}

}  // namespace
}  // namespace khien::resolver
