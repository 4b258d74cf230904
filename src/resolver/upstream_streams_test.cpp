// Streams to a server on loopback that the test plays itself, on the same thread: no waiting but
// for the kernel.
#include "resolver/upstream_streams.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <map>

#include "dns/wire.h"
#include "net/testing/certificate.h"

namespace khien::resolver {
namespace {

using net::testing::CertificateFolder;

constexpr int rounds_max = 500;  // a bound on a failing test

/// Answers each message with the same one.
class EchoServer {
 public:
  explicit EchoServer(const CertificateFolder* certificate = nullptr)
      : listener_(
            net::TcpListener::listen({.address = net::SocketAddress::parse("127.0.0.1:0").value()})
                .value()) {
    if (certificate != nullptr) {
      context_ = net::TlsContext::server({.certificate = certificate->certificate(),
                                          .key = certificate->key(),
                                          .alpn = {"dot"}})
                     .value();
    }
  }
  void serve() {
    while (auto socket = listener_.accept()) {
      ++accepted_;
      connections_.push_back(
          {.socket = context_ ? net::StreamSocket::server(std::move(*socket), *context_).value()
                              : net::StreamSocket{std::move(*socket)}});
    }
    for (auto& connection : connections_) {
      std::array<std::uint8_t, 4096> buffer;
      while (true) {
        const auto moved = connection.socket.read_some(buffer);
        if (moved.state != net::StreamSocket::State::moved) break;
        connection.octets.insert(connection.octets.end(), buffer.begin(),
                                 buffer.begin() + static_cast<std::ptrdiff_t>(moved.size));
      }
      if (silent_) continue;
      const auto moved = connection.socket.write_some(connection.octets);
      if (moved.state == net::StreamSocket::State::moved) {
        connection.octets.erase(
            connection.octets.begin(),
            connection.octets.begin() + static_cast<std::ptrdiff_t>(moved.size));
      }
    }
  }
  void hang_up() { connections_.clear(); }

  struct Connection {
    net::StreamSocket socket;
    Octets octets = {};
  };
  net::TcpListener listener_;
  std::optional<net::TlsContext> context_;
  std::vector<Connection> connections_;
  int accepted_ = 0;
  bool silent_ = false;
};

class Streams {
 public:
  explicit Streams(std::vector<Upstream> upstreams, std::optional<net::TlsContext> context = {})
      : streams_(
            std::move(upstreams), std::move(context),
            {.watch = [this](int fd, std::uint16_t port, net::Readiness interest,
                             bool) { watched_[fd] = {port, interest}; },
             .unwatch = [this](int fd) { watched_.erase(fd); },
             .answered =
                 [this](std::uint16_t, std::span<std::uint8_t> message) {
                   answers_.push_back(to_text(message));
                 },
             .failed = [this](std::uint16_t port,
                              UpstreamFailure failure) { failures_.push_back({port, failure}); }}) {
  }

  std::optional<std::uint16_t> ask(std::string_view text, std::uint16_t upstream = 0) {
    return streams_.ask(upstream, as_bytes(text), now_ms_);
  }
  /// Lets both sides go on until `count` answers came, or nothing moves any more.
  void run(EchoServer& server, std::size_t count) {
    for (int i = 0; i < rounds_max && answers_.size() < count && failures_.empty(); ++i) {
      streams_.flush(now_ms_);
      server.serve();
      std::vector<pollfd> polled;
      for (const auto& [fd, watch] : watched_) {
        polled.push_back({.fd = fd,
                          .events = static_cast<short>((watch.second.readable ? POLLIN : 0) |
                                                       (watch.second.writable ? POLLOUT : 0)),
                          .revents = 0});
      }
      (void)::poll(polled.data(), polled.size(), 5);
      for (const pollfd& one : polled) {
        const auto found = watched_.find(one.fd);
        if (one.revents != 0 && found != watched_.end()) {
          streams_.ready(found->second.first, now_ms_);
        }
      }
    }
  }

  std::map<int, std::pair<std::uint16_t, net::Readiness>> watched_;
  std::vector<std::string> answers_;
  std::vector<std::pair<std::uint16_t, UpstreamFailure>> failures_;
  std::int64_t now_ms_ = 1'000'000;
  UpstreamStreams streams_;
};

Upstream tcp(const EchoServer& server) {
  Upstream upstream{server.listener_.local_address()};
  upstream.protocol = UpstreamProtocol::tcp;
  return upstream;
}

Upstream tls(const EchoServer& server, std::string name) {
  Upstream upstream{server.listener_.local_address()};
  upstream.protocol = UpstreamProtocol::tls;
  upstream.tls_name = std::move(name);
  return upstream;
}

net::TlsContext trusting(const CertificateFolder& folder) {
  return net::TlsContext::client({.authorities = folder.certificate(), .alpn = {"dot"}}).value();
}

TEST(UpstreamStreams, ManyQuestionsShareOneConnection) {
  EchoServer server;
  Streams streams{{tcp(server)}};
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(streams.ask("question " + std::to_string(i)));
  streams.run(server, 30);
  ASSERT_EQ(streams.answers_.size(), 30U);
  EXPECT_EQ(streams.answers_[7], "question 7");
  EXPECT_EQ(server.accepted_, 1);
  ASSERT_TRUE(streams.ask("later"));
  streams.run(server, 31);
  EXPECT_EQ(streams.answers_.size(), 31U);
  EXPECT_EQ(server.accepted_, 1);
}

TEST(UpstreamStreams, ConnectionsAndQuestionsAreLimited) {
  EchoServer server;
  server.silent_ = true;
  Streams streams{{tcp(server)}};
  std::size_t taken = 0;
  while (taken < 10'000 && streams.ask("q")) ++taken;
  EXPECT_EQ(taken, streams_an_upstream_max * stream_pipelined_max);
  EXPECT_EQ(streams.streams_.open_count(), streams_an_upstream_max);
}

TEST(UpstreamStreams, WhatIsNotSentIsLimited) {
  EchoServer server;
  Streams streams{{tcp(server)}};
  const std::string large(16'000, 'x');
  std::size_t taken = 0;
  while (taken < 100 && streams.ask(large)) ++taken;
  EXPECT_EQ(taken, stream_unsent_max / (large.size() + 2));
}

TEST(UpstreamStreams, TheLargestMessageComesWhole) {
  EchoServer server;
  Streams streams{{tcp(server)}};
  const std::string large(60'000, 'x');
  ASSERT_TRUE(streams.ask(large));
  streams.run(server, 1);
  ASSERT_EQ(streams.answers_.size(), 1U);
  EXPECT_EQ(streams.answers_[0], large);
}

TEST(UpstreamStreams, OverTlsToAServerThatProvesItsName) {
  const CertificateFolder certificate;
  EchoServer server{&certificate};
  Streams streams{{tls(server, "server.test")}, trusting(certificate)};
  ASSERT_TRUE(streams.ask("hello"));
  streams.run(server, 1);
  ASSERT_EQ(streams.answers_.size(), 1U);
  EXPECT_EQ(streams.streams_.trouble(0), "");
}

TEST(UpstreamStreams, AWrongNameIsAFailureWithItsReason) {
  const CertificateFolder certificate;
  EchoServer server{&certificate};
  Streams streams{{tls(server, "other.test")}, trusting(certificate)};
  const auto port = streams.ask("hello");
  ASSERT_TRUE(port);
  streams.run(server, 1);
  EXPECT_TRUE(streams.answers_.empty());
  ASSERT_EQ(streams.failures_.size(), 1U);
  EXPECT_EQ(streams.failures_[0], std::pair(*port, UpstreamFailure::refused));
  EXPECT_NE(streams.streams_.trouble(0).find("mismatch"), std::string::npos)
      << streams.streams_.trouble(0);
}

TEST(UpstreamStreams, APinCountsInsteadOfTheName) {
  const CertificateFolder certificate;
  EchoServer server{&certificate};
  Upstream wrong = tls(server, "");
  wrong.pins.push_back(crypto::sha256("another key"));
  Streams streams{{wrong}, trusting(certificate)};
  ASSERT_TRUE(streams.ask("hello"));
  streams.run(server, 1);
  EXPECT_TRUE(streams.answers_.empty());
  EXPECT_NE(streams.streams_.trouble(0).find("pins"), std::string::npos)
      << streams.streams_.trouble(0);
}

// After a refusal it is left alone for a while, longer each time.
TEST(UpstreamStreams, WaitsLongerAfterEachRefusal) {
  Upstream nobody{net::SocketAddress::parse("127.0.0.1:1").value()};
  {
    EchoServer closed;
    nobody = tcp(closed);
  }
  EchoServer other;
  Streams streams{{nobody}};
  std::int64_t pause_ms = stream_pause_first_ms;
  for (int i = 0; i < 3; ++i) {
    streams.failures_.clear();
    if (streams.ask("q")) streams.run(other, 1);  // the kernel may refuse at once or later
    EXPECT_FALSE(streams.ask("q"));
    EXPECT_NE(streams.streams_.trouble(0), "");
    streams.now_ms_ += pause_ms - 1;
    EXPECT_FALSE(streams.ask("q")) << pause_ms;
    streams.now_ms_ += 1;
    pause_ms *= 2;
  }
}

TEST(UpstreamStreams, AConnectionThatTheServerClosesIsOpenedAnew) {
  EchoServer server;
  Streams streams{{tcp(server)}};
  ASSERT_TRUE(streams.ask("one"));
  streams.run(server, 1);
  server.hang_up();
  const auto old_port = streams.ask("two");
  ASSERT_TRUE(old_port);
  streams.run(server, 2);
  ASSERT_EQ(streams.failures_.size(), 1U);
  EXPECT_EQ(streams.failures_[0], std::pair(*old_port, UpstreamFailure::broken));
  streams.failures_.clear();
  const auto port = streams.ask("two");
  ASSERT_TRUE(port);
  EXPECT_NE(*port, *old_port);
  streams.run(server, 2);
  EXPECT_EQ(streams.answers_.back(), "two");
}

TEST(UpstreamStreams, IdleAndSilentConnectionsAreClosed) {
  EchoServer server;
  Streams streams{{tcp(server)}};
  ASSERT_TRUE(streams.ask("one"));
  streams.run(server, 1);
  streams.now_ms_ += stream_idle_ms - 1;
  streams.streams_.tick(streams.now_ms_);
  EXPECT_EQ(streams.streams_.open_count(), 1U);
  streams.now_ms_ += 1;
  streams.streams_.tick(streams.now_ms_);
  EXPECT_EQ(streams.streams_.open_count(), 0U);
  EXPECT_TRUE(streams.failures_.empty());

  server.silent_ = true;
  ASSERT_TRUE(streams.ask("two"));
  streams.streams_.flush(streams.now_ms_);
  streams.now_ms_ += stream_silent_max_ms;
  streams.streams_.tick(streams.now_ms_);
  EXPECT_EQ(streams.streams_.open_count(), 0U);
  EXPECT_EQ(streams.failures_.size(), 1U);
}

TEST(ParseUpstream, ReadsWhatToStringWrites) {
  const std::string pin = "#pin-sha256=" + std::string(43, 'A') + "=";
  for (const auto* const text :
       {"192.0.2.1:53", "[2001:db8::1]:5353", "tcp://192.0.2.1:53",
        "tls://192.0.2.1:853#dns.example", "tls://[2001:db8::1]:853#dns.example"}) {
    const auto upstream = parse_upstream(text);
    ASSERT_TRUE(upstream.has_value()) << text << ": " << upstream.error().message;
    EXPECT_EQ(to_string(*upstream), text);
  }
  EXPECT_EQ(to_string(parse_upstream("udp://192.0.2.1").value()), "192.0.2.1:53");
  EXPECT_EQ(to_string(parse_upstream("tls://192.0.2.1" + pin).value()),
            "tls://192.0.2.1:853" + pin);
}

TEST(ParseUpstream, RefusesTheRest) {
  const std::string pin = "#pin-sha256=" + std::string(43, 'A') + "=";
  std::string many;
  for (std::size_t i = 0; i <= pins_max; ++i) many += pin;
  for (const std::string& text :
       {std::string{}, std::string{"dns.example"}, std::string{"https://192.0.2.1"},
        std::string{"192.0.2.1#dns.example"}, std::string{"tcp://192.0.2.1#dns.example"},
        std::string{"tls://192.0.2.1"}, std::string{"tls://192.0.2.1#"},
        std::string{"tls://192.0.2.1#a.example#b.example"},
        std::string{"tls://192.0.2.1#pin-sha256=AAAA"}, "tls://192.0.2.1" + many}) {
    EXPECT_FALSE(parse_upstream(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace khien::resolver
