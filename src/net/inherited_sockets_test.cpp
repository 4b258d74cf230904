#include "net/inherited_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace khien::net {
namespace {

SocketAddress loopback() { return SocketAddress::parse("127.0.0.1:0").value(); }

// Descriptors in a row, far above those that the test runner uses, as a manager passes them.
constexpr int first = 200;

class Passed : public testing::Test {
 protected:
  void pass_next(int fd) {
    ASSERT_EQ(::dup2(fd, first + count_), first + count_);
    ++count_;
  }
  InheritedSockets take(const std::vector<std::string>& names = {}) {
    return InheritedSockets::take(first, static_cast<std::size_t>(count_), names);
  }
  int count_ = 0;
};

TEST_F(Passed, AreFoundByTypeAndAddress) {
  auto udp = UdpSocket::bind({.address = loopback(), .sharing = PortSharing::shared}).value();
  const auto address = udp.local_address();
  auto twin = UdpSocket::bind({.address = address, .sharing = PortSharing::shared}).value();
  auto tcp = TcpListener::listen({.address = address}).value();
  for (const int fd : {tcp.fd(), udp.fd(), twin.fd()}) pass_next(fd);
  auto taken = take({"tcp", "udp"});
  EXPECT_EQ(taken.size(), 3U);
  EXPECT_FALSE(taken.udp(SocketAddress::parse("127.0.0.2:53").value()).has_value());
  EXPECT_FALSE(taken.udp({.ip = address.ip, .port = 0}).has_value());

  auto one = taken.udp(address);
  ASSERT_TRUE(one.has_value());
  EXPECT_NE(::fcntl(one->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(one->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_TRUE(taken.udp(address).has_value());
  EXPECT_FALSE(taken.udp(address).has_value());
  EXPECT_TRUE(taken.tcp(address).has_value());
  EXPECT_TRUE(taken.close_rest().empty());
}

// What waits in the socket is there for who takes it.
TEST_F(Passed, KeepWhatWaits) {
  auto client = UdpSocket::bind({.address = loopback()}).value();
  auto server = UdpSocket::bind({.address = loopback()}).value();
  const auto address = server.local_address();
  ASSERT_TRUE(client.send_to(as_bytes("waits"), address));
  pass_next(server.fd());
  auto taken = take();
  auto heir = UdpSocket::adopt(*taken.udp(address));
  EXPECT_EQ(heir.local_address(), address);
  std::array<std::uint8_t, 16> buffer{};
  const auto received = heir.receive(buffer);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->size, 5U);
}

TEST_F(Passed, WhatIsNoSocketIsClosedAndCounted) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  auto connected = UdpSocket::bind({.address = loopback()}).value();
  auto stream = TcpSocket::start_connect(
      TcpListener::listen({.address = loopback()}).value().local_address());
  pass_next(pipe[0]);
  pass_next(connected.fd());
  if (stream) pass_next(stream->fd());  // a stream that does not listen
  ++count_;                             // and a descriptor that is not open
  auto taken = take({"pipe", "udp"});
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken.refused(), stream ? 3U : 2U);
  EXPECT_EQ(::fcntl(first, F_GETFD), -1);
  const auto rest = taken.close_rest();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].name, "udp");
  EXPECT_EQ(::fcntl(first + 1, F_GETFD), -1);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

class Environment : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  }
  static void set(const std::string& pid, const char* count) {
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
  }
};

TEST_F(Environment, NothingPassedIsNoError) {
  EXPECT_EQ(InheritedSockets::take()->size(), 0U);
  set(std::to_string(::getpid() + 1), "3");  // for somebody else: descriptors stay untouched
  EXPECT_EQ(InheritedSockets::take()->size(), 0U);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST_F(Environment, WhatCannotBeReadIsRefused) {
  for (const char* count : {"", "-1", "three", "1025", "99999999999999999999"}) {
    set(std::to_string(::getpid()), count);
    EXPECT_FALSE(InheritedSockets::take().has_value()) << count;
  }
  set("1x", "0");
  EXPECT_FALSE(InheritedSockets::take().has_value());
}

}  // namespace
}  // namespace khien::net
