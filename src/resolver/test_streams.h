// For tests: a StreamServer with its loop and a clock that a test moves, and clients that talk to
// it from the same thread.
#pragma once

#include <gtest/gtest.h>

#include "net/testing/certificate.h"
#include "net/testing/proxy_octets.h"
#include "resolver/stream_server.h"
#include "resolver/test_engine.h"

namespace khien::resolver {

/// A query that the engine answers by itself, at once: REFUSED, because it does not want recursion.
inline Octets refused_query(std::uint16_t option = 0) {
  Octets query = packet_of({.name = "a.example.", .flags = 0});
  if (option == 0) return query;
  dns::append_u16(query, option);
  dns::append_u16(query, 0);
  dns::store_u16(query, query.size() - 6, 4);
  return query;
}

inline Octets with_length(Bytes message) {
  Octets out;
  dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

/// One client's connection.
class TestStream {
 public:
  explicit TestStream(net::StreamSocket socket) : socket_(std::move(socket)) {}

  /// Sends as much as goes now; false once the server has closed.
  bool say(Bytes octets) {
    pending_.insert(pending_.end(), octets.begin(), octets.end());
    return move();
  }
  /// Sends and reads what goes now; false once the server has closed.
  bool move() {
    if (socket_.connect_error() != 0) closed_ = true;
    while (!closed_ && !pending_.empty()) {
      const auto moved = socket_.write_some(pending_);
      if (moved.state == net::StreamSocket::State::closed) closed_ = true;
      if (moved.state != net::StreamSocket::State::moved) break;
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(moved.size));
    }
    std::array<std::uint8_t, 16'384> buffer;
    while (!closed_ && reads) {
      const auto moved = socket_.read_some(buffer);
      if (moved.state == net::StreamSocket::State::closed) closed_ = true;
      if (moved.state != net::StreamSocket::State::moved) break;
      in.insert(in.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(moved.size));
    }
    return !closed_;
  }
  /// The next message of those with their length in front; empty if none is whole.
  Octets message() {
    if (in.size() < 2 || in.size() - 2 < dns::load_u16(in, 0)) return {};
    const auto end = in.begin() + 2 + dns::load_u16(in, 0);
    Octets out{in.begin() + 2, end};
    in.erase(in.begin(), end);
    return out;
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] std::size_t unsent() const { return pending_.size(); }
  [[nodiscard]] net::StreamSocket& socket() { return socket_; }

  Octets in;
  bool reads = true;

 private:
  net::StreamSocket socket_;
  Octets pending_;
  bool closed_ = false;
};

class StreamServerTest : public testing::Test {
 protected:
  static net::SocketAddress loopback() { return net::SocketAddress::parse("127.0.0.1:0").value(); }

  void SetUp() override {
    loop_ = net::EventLoop::open(clock_).value();
    upstream_.emplace(net::UdpSocket::bind({.address = loopback()}).value());  // never answers
  }

  /// Listens for all three kinds.
  void start(StreamLimits limits = {}, std::vector<net::Prefix> proxy_from = {}) {
    identity_ = TlsIdentity::open({.certificate = folder_.certificate(), .key = folder_.key()},
                                  clock_, rng_, metrics_)
                    .value();
    const WorkerShared shared{
        .rules = rules_, .ready = ready_, .clock = clock_, .rng = rng_, .notify = notify_};
    server_ = StreamServer::open({.listen = {{loopback(), StreamKind::plain},
                                             {loopback(), StreamKind::dot},
                                             {loopback(), StreamKind::doh}},
                                  .proxies = ProxyPeers{proxy_from},
                                  .limits = limits,
                                  .upstreams = {upstream_->local_address()},
                                  .engine = {.networks = &networks_,
                                             .routes = {{.zone = {0}, .upstreams = {0}}},
                                             .cache_size = cache_size_min}},
                                 shared, *loop_, identity_.get())
                  .value();
  }

  [[nodiscard]] std::uint64_t count(Count kind) const { return server_->counters().value(kind); }
  [[nodiscard]] net::TcpSocket connect(StreamKind kind) const {
    return net::TcpSocket::start_connect(server_->local_addresses()[static_cast<std::size_t>(kind)])
        .value();
  }
  [[nodiscard]] TestStream plain() const {
    return TestStream{net::StreamSocket{connect(StreamKind::plain)}};
  }
  [[nodiscard]] TestStream encrypted(StreamKind kind, std::string alpn,
                                     net::TlsSessionMemory* memory = nullptr) const {
    return encrypt(connect(kind), std::move(alpn), memory);
  }
  [[nodiscard]] TestStream encrypt(net::TcpSocket socket, std::string alpn,
                                   net::TlsSessionMemory* memory = nullptr) const {
    std::vector<std::string> protocols;
    if (!alpn.empty()) protocols.push_back(std::move(alpn));
    const auto context = net::TlsContext::client(
        {.authorities = folder_.certificate(), .alpn = std::move(protocols)});
    return TestStream{net::StreamSocket::client(std::move(socket), *context,
                                                {.name = "server.test", .memory = memory})
                          .value()};
  }

  /// Lets server and client work until `done`, or until nothing can come of it any more.
  template <typename Done>
  bool until(TestStream& stream, Done done) {
    for (int i = 0; i < 2'000; ++i) {
      if (done()) return true;
      (void)stream.move();
      (void)loop_->run_once(1);
    }
    return done();
  }
  bool closes(TestStream& stream) {
    return until(stream, [&] { return stream.closed(); });
  }
  /// The answer to what was said; empty if the server closes instead.
  Octets answer(TestStream& stream) {
    Octets message;
    (void)until(stream, [&] {
      if (message.empty()) message = stream.message();
      return !message.empty() || stream.closed();
    });
    return message;
  }
  void serve(int rounds = 20) {
    for (int i = 0; i < rounds; ++i) (void)loop_->run_once(0);
  }
  void pass(std::int64_t ms) {
    clock_.advance(ms);
    serve();
  }

  const net::testing::CertificateFolder folder_;
  ManualClock clock_{SystemClock{}.now_ms()};  // certificates know the real date
  SystemRng rng_;
  Metrics metrics_;
  Snapshot<policy::Rules> rules_{policy::Rules::none(rng_)};
  Snapshot<policy::NetworkPolicies> networks_{policy::NetworkPolicies::one({.sources = 0})};
  std::atomic<bool> ready_{true};
  NotifyHandler notify_;
  std::optional<net::UdpSocket> upstream_;
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<TlsIdentity> identity_;
  std::unique_ptr<StreamServer> server_;
};

}  // namespace khien::resolver
