#include "net/socket.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

namespace khien::net {
namespace {

constexpr int wait_ms = 5'000;  // a bound on a failing test, not a pause: poll returns at once

SocketAddress loopback() { return SocketAddress::parse("127.0.0.1:0").value(); }

bool wait_for(int fd, short events) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return ::poll(&one, 1, wait_ms) == 1;
}

TEST(UdpSocket, BindsAFreePortAndCarriesADatagram) {
  auto server = UdpSocket::bind({.address = loopback()}).value();
  auto client = UdpSocket::connect(server.local_address()).value();
  ASSERT_NE(server.local_address().port, 0);

  ASSERT_TRUE(client.send(as_bytes("hello")));
  ASSERT_TRUE(wait_for(server.fd(), POLLIN));
  std::array<std::uint8_t, 3> small{};
  const auto received = server.receive(small);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->size, 5U);  // larger than the buffer: the caller sees that it was cut
  EXPECT_EQ(received->peer, client.local_address());

  ASSERT_TRUE(server.send_to(as_bytes("back"), received->peer));
  ASSERT_TRUE(wait_for(client.fd(), POLLIN));
  EXPECT_EQ(client.receive(small)->size, 4U);
  EXPECT_FALSE(client.receive(small).has_value());
}

TEST(UdpSocket, SharesAPortOnlyWhenAsked) {
  const auto first =
      UdpSocket::bind({.address = loopback(), .sharing = PortSharing::shared}).value();
  const auto address = first.local_address();
  EXPECT_TRUE(UdpSocket::bind({.address = address, .sharing = PortSharing::shared}).has_value());
  const auto refused = UdpSocket::bind({.address = address});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

// A socket that nobody reads: what its buffer cannot take is dropped by the kernel, and seen.
TEST(UdpSocket, CountsWhatItsBufferCannotTake) {
  constexpr int small = 8'192;
  auto server = UdpSocket::bind({.address = loopback(), .receive_buffer_size = small}).value();
  EXPECT_GE(server.receive_buffer_size(), small);
  auto client = UdpSocket::connect(server.local_address()).value();
  const Octets datagram(512);
  constexpr std::uint32_t count = 200;
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(client.send(datagram));

  std::uint32_t received = 0;
  Octets buffer(datagram.size());
  while (server.receive(buffer)) ++received;
  EXPECT_GT(server.receive_drops(), 0U);
  EXPECT_EQ(received + server.receive_drops(), count);
}

// A burst that comes while the worker is not scheduled: the kernel's default takes about 250.
TEST(UdpSocket, TakesABurstInALargeBuffer) {
  constexpr int large = 4 << 20;
  auto server = UdpSocket::bind({.address = loopback(), .receive_buffer_size = large}).value();
  if (server.receive_buffer_size() < large) {
    GTEST_SKIP() << "net.core.rmem_max grants " << server.receive_buffer_size() << " octets only";
  }
  auto client = UdpSocket::connect(server.local_address()).value();
  const Octets query(40);
  constexpr std::uint32_t count = 4'000;
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(client.send(query));
  EXPECT_EQ(server.receive_drops(), 0U);
}

TEST(TcpListener, AcceptsAndMovesOctets) {
  auto listener = TcpListener::listen({.address = loopback()}).value();
  EXPECT_FALSE(listener.accept().has_value());
  auto client = TcpSocket::start_connect(listener.local_address()).value();
  ASSERT_TRUE(wait_for(client.fd(), POLLOUT));
  EXPECT_EQ(client.connect_error(), 0);
  ASSERT_TRUE(wait_for(listener.fd(), POLLIN));
  auto server = listener.accept();
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(server->peer_address(), client.local_address());

  std::array<std::uint8_t, 16> buffer{};
  EXPECT_EQ(server->read_some(buffer).state, TcpSocket::State::would_block);
  EXPECT_EQ(client.write_some(as_bytes("abc")).size, 3U);
  ASSERT_TRUE(wait_for(server->fd(), POLLIN));
  EXPECT_EQ(server->read_some(buffer).size, 3U);
  client.close();
  ASSERT_TRUE(wait_for(server->fd(), POLLIN));
  EXPECT_EQ(server->read_some(buffer).state, TcpSocket::State::closed);
}

TEST(TcpSocket, TellsARefusedConnection) {
  // A port that was free a moment ago and has no listener.
  const auto address = TcpListener::listen({.address = loopback()}).value().local_address();
  auto client = TcpSocket::start_connect(address);
  if (!client) return;  // refused at once: as good
  ASSERT_TRUE(wait_for(client->fd(), POLLOUT));
  EXPECT_EQ(client->connect_error(), ECONNREFUSED);
}

}  // namespace
}  // namespace khien::net
