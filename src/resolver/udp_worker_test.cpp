// A worker on real sockets over loopback: bursts, what the kernel drops, late answers.
#include "resolver/udp_worker.h"

#include <poll.h>

#include <thread>

#include "net/testing/proxy_octets.h"
#include "resolver/test_worker.h"

namespace khien::resolver {
namespace {

// The burst comes while the worker does not run: it must find all of it in its buffer.
TEST(UdpWorker, AnswersABurstWhole) {
  TestWorker test;
  test.block("orders-phishing", "scam.example");
  if (test.worker().receive_buffer_size() < udp_receive_buffer_size) {
    GTEST_SKIP() << "net.core.rmem_max grants " << test.worker().receive_buffer_size() << " octets";
  }
  constexpr std::size_t count = 2'000;
  TestClient client{test.address()};
  for (std::size_t i = 0; i < count; ++i) client.send(packet_of({.name = "scam.example"}));
  test.start();
  for (std::size_t i = 0; i < count; ++i) {
    const Octets answer = client.receive();
    ASSERT_FALSE(answer.empty()) << "after " << i;
    ASSERT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_nxdomain);
  }
  test.worker().read_kernel_drops();
  EXPECT_EQ(test.worker().counters().value(Count::dropped_receive), 0U);
}

TEST(UdpWorker, CountsWhatTheKernelDrops) {
  TestWorker test;
  test.block("orders-phishing", "scam.example");
  constexpr std::size_t count = 30'000;  // more than any buffer of the size we ask for can hold
  TestClient client{test.address()};
  for (std::size_t i = 0; i < count; ++i) client.send(packet_of({.name = "scam.example"}));
  test.worker().read_kernel_drops();
  const std::uint64_t dropped = test.worker().counters().value(Count::dropped_receive);
  EXPECT_GT(dropped, 0U);
  test.start();
  test.wait_for_queries(count - dropped);
  EXPECT_EQ(test.worker().counters().value(Count::queries_udp), count - dropped);
}

TEST(UdpWorker, ForwardsAndAnswersLate) {
  TestWorker test;
  TestClient client{test.address()};
  test.start();
  client.send(packet_of({.name = "shop.example", .id = 7}));
  const Octets answer = client.receive();
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(dns::load_u16(answer, 0), 7);
  EXPECT_EQ(dns::parse_header(answer)->answer_count, 1);
  EXPECT_EQ(test.worker().counters().value(Count::upstream_answers), 1U);
}

TEST(UdpWorker, AnswersAProxyAboutItsClients) {
  TestWorker test{{net::Prefix::parse("127.0.0.0/8").value()}};
  test.block("orders-phishing", "scam.example");
  TestClient proxy{test.address()};
  test.start();
  Octets datagram =
      net::testing::proxy_octets(net::SocketAddress::parse("192.0.2.7:4711").value(),
                                 net::SocketAddress::parse("198.51.100.1:53").value());
  const Octets query = packet_of({.name = "scam.example", .id = 9});
  datagram.insert(datagram.end(), query.begin(), query.end());
  const Octets answer = proxy.ask(datagram);
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(dns::load_u16(answer, 0), 9);
  EXPECT_EQ(dns::parse_header(answer)->rcode(), dns::rcode_nxdomain);

  // Without a header it is nobody's query: dropped, and the next one is answered.
  proxy.send(packet_of({.name = "scam.example", .id = 10}));
  EXPECT_EQ(dns::load_u16(proxy.ask(datagram), 0), 9);
  const auto& counters = test.worker().counters();
  EXPECT_EQ(counters.value(Count::proxy_accepted), 2U);
  EXPECT_EQ(counters.value(Count::proxy_refused), 1U);
  EXPECT_EQ(counters.value(Count::dropped_malformed), 1U);
}

}  // namespace
}  // namespace khien::resolver
