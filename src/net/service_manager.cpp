#include "net/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/assert.h"

namespace khien::net {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<FileDescriptor> connect_to(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A path, or an abstract name that is written with @ for its first octet of zero.
  if ((path.front() != '/' && path.front() != '@') || path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid_argument, "NOTIFY_SOCKET: cannot read it");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  FileDescriptor fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd.valid() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {  // NOLINT
    return fail(ErrorCode::unavailable, std::string{"NOTIFY_SOCKET: "} + std::strerror(errno));
  }
  return fd;
}

}  // namespace

Result<ServiceManager> ServiceManager::from_environment() {
  ServiceManager manager;
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path != nullptr && *path != '\0') {
    auto fd = connect_to(path);
    if (!fd) return tl::unexpected(std::move(fd).error());
    manager.socket_ = std::move(*fd);
  }
  const char* usec = std::getenv("WATCHDOG_USEC");
  if (usec == nullptr) return manager;
  const char* pid = std::getenv("WATCHDOG_PID");
  const auto wait_us = number_in(usec);
  if (!wait_us || *wait_us < 2'000) {
    return fail(ErrorCode::invalid_argument, "WATCHDOG_USEC: cannot read it");
  }
  if (pid == nullptr || number_in(pid) == static_cast<std::int64_t>(::getpid())) {
    manager.watchdog_interval_ms_ = *wait_us / 2'000;
  }
  return manager;
}

Result<void> ServiceManager::send(std::string_view text, std::span<const int> fds) const {
  if (!present()) return {};
  KHIEN_ASSERT(fds.size() <= stored_fds_a_message_max);
  iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  return fail(ErrorCode::unavailable,
              std::string{"tell the service manager: "} + std::strerror(errno));
}

Result<void> ServiceManager::notify(std::string_view state) const { return send(state, {}); }

Result<void> ServiceManager::notify_reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto now_us = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us), {});
}

Result<void> ServiceManager::store(std::string_view name, std::span<const int> fds) const {
  return send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string{name}, fds);
}

Result<void> ServiceManager::remove_stored(std::string_view name) const {
  return send("FDSTOREREMOVE=1\nFDNAME=" + std::string{name}, {});
}

}  // namespace khien::net
