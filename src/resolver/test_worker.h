// A UDP worker on loopback with a client and an upstream, all over real sockets, for tests.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "resolver/test_engine.h"
#include "resolver/udp_worker.h"

namespace khien::resolver {

constexpr int test_wait_ms = 10'000;  // a bound on a failing test, not a pause

inline net::SocketAddress test_loopback() {
  return net::SocketAddress::parse("127.0.0.1:0").value();
}

inline bool wait_readable(int fd, int timeout_ms) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, timeout_ms) == 1;
}

/// A stub resolver: sends packets and takes answers.
class TestClient {
 public:
  explicit TestClient(const net::SocketAddress& server,
                      const net::SocketAddress& local = test_loopback())
      : server_(server),
        socket_(
            net::UdpSocket::bind({.address = local, .receive_buffer_size = udp_receive_buffer_size})
                .value()) {}
  void send(Bytes packet) { ASSERT_TRUE(socket_.send_to(packet, server_)); }
  /// The next answer; empty if none comes.
  Octets receive(int timeout_ms = test_wait_ms) {
    Octets buffer(dns::message_size_max);
    if (!wait_readable(socket_.fd(), timeout_ms)) return {};
    const auto received = socket_.receive(buffer);
    buffer.resize(received ? received->size : 0);
    return buffer;
  }
  Octets ask(Bytes packet) {
    send(packet);
    return receive();
  }

 private:
  net::SocketAddress server_;
  net::UdpSocket socket_;
};

/// Answers every question with one address, on a thread of its own.
class TestUpstream {
 public:
  TestUpstream() : TestUpstream(net::UdpSocket::bind({.address = test_loopback()}).value()) {}
  explicit TestUpstream(net::UdpSocket socket) : socket_(std::move(socket)) {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  [[nodiscard]] net::SocketAddress address() const { return socket_.local_address(); }

 private:
  void run(const std::stop_token& stop) {
    constexpr int look_for_stop_ms = 20;
    Octets buffer(dns::message_size_max);
    while (!stop.stop_requested()) {
      if (!wait_readable(socket_.fd(), look_for_stop_ms)) continue;
      while (const auto received = socket_.receive(buffer)) {
        const auto question = dns::parse_question(Bytes{buffer}.first(received->size));
        if (question) (void)socket_.send_to(answer_to(buffer, *question), received->peer);
      }
    }
  }
  static Octets answer_to(Bytes query, const dns::Question& question) {
    Octets out(512);
    dns::MessageWriter writer{out, out.size()};
    writer.begin(dns::load_u16(query, 0), dns::flag_qr | dns::flag_rd | dns::flag_ra);
    KHIEN_ASSERT(writer.add_question(question.name(), question.qtype, question.qclass));
    KHIEN_ASSERT(writer.add_record(dns::Section::answer, question.name(),
                                   {.type = dns::type_a, .ttl = 300},
                                   std::array<std::uint8_t, 4>{192, 0, 2, 10}));
    out.resize(writer.size());
    return out;
  }
  net::UdpSocket socket_;
  std::jthread thread_;
};

class TestWorker {
 public:
  /// `proxies`: peers that must send a PROXY header.
  explicit TestWorker(const std::vector<net::Prefix>& proxies = {})
      : rules_(policy::Rules::none(rng_)) {
    auto worker = UdpWorker::open(
        {.listen = {test_loopback()},
         .upstreams = {upstream_.address()},
         .engine = {.routes = {{.zone = {0}, .upstreams = {0}}}, .cache_size = cache_size_min},
         .proxies = ProxyPeers{proxies}},
        {.rules = rules_, .ready = ready_, .clock = clock_, .rng = rng_, .notify = notify_});
    KHIEN_ASSERT(worker.has_value());
    worker_ = std::move(*worker);
  }
  void block(std::string_view source_id, std::string_view name) {
    const auto source = policy::source_named(source_id);
    publish_rule(rules_, source, name,
                 {.exact = policy::mask_of(source), .below = policy::mask_of(source)});
  }
  void start() {
    thread_ = std::jthread{[this](const std::stop_token& stop) { worker_->run(stop); }};
  }
  /// Until the worker has taken `count` queries; gives up in time.
  void wait_for_queries(std::uint64_t count) {
    const std::int64_t begin_ms = clock_.steady_ms();
    while (worker_->counters().value(Count::queries_udp) < count &&
           clock_.steady_ms() - begin_ms < test_wait_ms) {
      std::this_thread::yield();
    }
  }
  UdpWorker& worker() { return *worker_; }
  [[nodiscard]] net::SocketAddress address() const { return worker_->local_addresses().front(); }

 private:
  SystemClock clock_;
  SystemRng rng_;
  Snapshot<policy::Rules> rules_;
  std::atomic<bool> ready_{true};
  NotifyHandler notify_;
  TestUpstream upstream_;
  std::unique_ptr<UdpWorker> worker_;
  std::jthread thread_;  // last: joined before what it uses goes
};

}  // namespace khien::resolver
