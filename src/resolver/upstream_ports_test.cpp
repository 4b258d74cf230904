// What an attacker would have to guess: the ports are spread, change, and are chosen evenly.
#include "resolver/upstream_ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"

namespace khien::resolver {
namespace {

constexpr int renewals = 60;

class UpstreamPortsTest : public testing::Test {
 protected:
  UpstreamPortsTest()
      : server_(net::UdpSocket::bind({.address = net::SocketAddress::parse("127.0.0.1:0").value()})
                    .value()) {}
  UpstreamPorts open(std::vector<Upstream> upstreams) {
    return {std::move(upstreams), [this](int fd, std::uint16_t port) { open_[port] = fd; },
            [this](int, std::uint16_t port) { open_.erase(port); }};
  }

  net::UdpSocket server_;
  std::map<std::uint16_t, int> open_;
};

TEST_F(UpstreamPortsTest, NumbersAreSpreadAndNew) {
  UpstreamPorts ports = open({server_.local_address()});
  std::vector<std::uint16_t> seen;
  for (int i = 0; i < renewals; ++i) {
    ports.renew(i * ports_renewed_after_ms);
    std::set<std::uint16_t> used;
    for (std::uint64_t k = 0; k < ports_in_use; ++k) {
      used.insert(ports.socket(ports.pick(0, k).value())->local_address().port);
    }
    EXPECT_EQ(used.size(), ports_in_use);
    seen.insert(seen.end(), used.begin(), used.end());
  }
  // The kernel picks from tens of thousands: few come again, and no octave of them is left out.
  EXPECT_GT(std::set(seen.begin(), seen.end()).size(), seen.size() * 9 / 10);
  const auto [low, high] = std::ranges::minmax(seen);
  EXPECT_GT(high - low, 10'000);
  std::array<int, 8> eighths{};
  for (const std::uint16_t port : seen) {
    ++eighths[static_cast<std::size_t>((port - low) * 8 / (high - low + 1))];
  }
  for (const int count : eighths) EXPECT_GT(count, static_cast<int>(seen.size()) / 16);
}

TEST_F(UpstreamPortsTest, HalfOfThemChangesAtATime) {
  UpstreamPorts ports = open({server_.local_address()});
  ports.renew(0);
  EXPECT_EQ(open_.size(), ports_in_use);
  const auto first = ports.pick(0, 0).value();
  ports.renew(ports_renewed_after_ms - 1);
  EXPECT_EQ(ports.pick(0, 0), first);
  ports.renew(ports_renewed_after_ms);
  EXPECT_EQ(open_.size(), 2 * ports_in_use);
  EXPECT_NE(ports.pick(0, 0), first);
  EXPECT_NE(ports.socket(first), nullptr);  // answers may still come there
  ports.renew(2 * ports_renewed_after_ms);
  EXPECT_EQ(open_.size(), 2 * ports_in_use);
}

TEST_F(UpstreamPortsTest, EachIsChosenAsOften) {
  UpstreamPorts ports = open({server_.local_address()});
  ports.renew(0);
  SeededRng rng{5};
  std::map<std::uint16_t, int> counts;
  constexpr int picks = 16'000;
  for (int i = 0; i < picks; ++i) ++counts[ports.pick(0, rng.next_u64()).value()];
  ASSERT_EQ(counts.size(), ports_in_use);
  for (const auto& [port, count] : counts) EXPECT_NEAR(count, picks / 16, 150);  // 4.9 sigma
}

TEST_F(UpstreamPortsTest, StreamsAloneOpenNone) {
  Upstream stream{server_.local_address()};
  stream.protocol = UpstreamProtocol::tls;
  UpstreamPorts ports = open({stream});
  ports.renew(0);
  EXPECT_TRUE(open_.empty());
  EXPECT_EQ(ports.pick(0, 0), std::nullopt);
}

}  // namespace
}  // namespace khien::resolver
