#include "net/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "net/socket.h"

namespace khien::net {
namespace {

/// The manager's end: an abstract datagram socket that NOTIFY_SOCKET names.
class Manager : public testing::Test {
 protected:
  void SetUp() override {
    name_ = "@khien-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    address.sun_path[0] = '\0';
    fd_ = FileDescriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
    ASSERT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),  // NOLINT
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())),
              0);
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }

  /// The next message and how many descriptors came with it (they are closed).
  std::pair<std::string, std::size_t> next() {
    std::array<char, 512> text{};
    std::array<char, 512> control{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(fd_.get(), &message, 0);
    if (size < 0) return {"", 0};
    std::size_t fds = 0;
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
      fds = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < fds; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
        ::close(fd);
      }
    }
    return {std::string{text.data(), static_cast<std::size_t>(size)}, fds};
  }

  std::string name_;
  FileDescriptor fd_;
};

TEST_F(Manager, IsToldWhatHappens) {
  ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  const auto manager = ServiceManager::from_environment();
  ASSERT_TRUE(manager.has_value()) << manager.error().message;
  EXPECT_TRUE(manager->present());
  EXPECT_FALSE(manager->watchdog_interval_ms().has_value());
  ASSERT_TRUE(manager->notify("READY=1\nSTATUS=serving").has_value());
  EXPECT_EQ(next().first, "READY=1\nSTATUS=serving");
  ASSERT_TRUE(manager->notify_reloading().has_value());
  EXPECT_EQ(next().first.substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
}

TEST_F(Manager, KeepsSockets) {
  ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  const auto manager = ServiceManager::from_environment();
  const auto address = SocketAddress::parse("127.0.0.1:0").value();
  const auto one = UdpSocket::bind({.address = address}).value();
  const auto two = UdpSocket::bind({.address = address}).value();
  const std::array fds{one.fd(), two.fd()};
  ASSERT_TRUE(manager->store("udp", fds).has_value());
  const auto [text, count] = next();
  EXPECT_EQ(text, "FDSTORE=1\nFDPOLL=0\nFDNAME=udp");
  EXPECT_EQ(count, 2U);
  ASSERT_TRUE(manager->remove_stored("udp").has_value());
  EXPECT_EQ(next().first, "FDSTOREREMOVE=1\nFDNAME=udp");
}

TEST_F(Manager, AsksForSignsOfLife) {
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  EXPECT_EQ(ServiceManager::from_environment()->watchdog_interval_ms(), 1'500);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::from_environment()->watchdog_interval_ms(), 1'500);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(ServiceManager::from_environment()->watchdog_interval_ms().has_value());
  ::setenv("WATCHDOG_USEC", "often", 1);
  EXPECT_FALSE(ServiceManager::from_environment().has_value());
}

TEST_F(Manager, IsNotNeeded) {
  const auto none = ServiceManager::from_environment();
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->present());
  EXPECT_TRUE(none->notify("READY=1").has_value());
  EXPECT_TRUE(none->store("udp", {}).has_value());
}

TEST_F(Manager, ABadAddressIsAnError) {
  for (const std::string path : {"relative", "@gone-khien-test", "/no/such/socket"}) {
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    EXPECT_FALSE(ServiceManager::from_environment().has_value()) << path;
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  EXPECT_FALSE(ServiceManager::from_environment().has_value());
}

}  // namespace
}  // namespace khien::net
