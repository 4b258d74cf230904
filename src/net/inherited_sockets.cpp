#include "net/inherited_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace khien::net {
namespace {

std::optional<std::size_t> number_in(const char* text) {
  const std::string_view digits{text};
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::vector<std::string> split_names(const char* text) {
  std::vector<std::string> names;
  if (text == nullptr) return names;
  for (std::string_view rest{text};;) {
    const auto colon = rest.find(':');
    names.emplace_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) return names;
    rest.remove_prefix(colon + 1);
  }
}

int integer_option(int fd, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

Result<InheritedSockets> InheritedSockets::take() {
  const char* pid_text = std::getenv("LISTEN_PID");
  const char* count_text = std::getenv("LISTEN_FDS");
  if (pid_text == nullptr || count_text == nullptr) return InheritedSockets{};
  const auto pid = number_in(pid_text);
  const auto count = number_in(count_text);
  const auto names = split_names(std::getenv("LISTEN_FDNAMES"));
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  if (!pid || !count || *count > inherited_fds_max) {
    return fail(ErrorCode::invalid_argument, "LISTEN_PID and LISTEN_FDS: cannot read them");
  }
  // Somebody further up was meant, whose environment we have.
  if (*pid != static_cast<std::size_t>(::getpid())) return InheritedSockets{};
  return take(inherited_fd_first, *count, names);
}

InheritedSockets InheritedSockets::take(int first, std::size_t count,
                                        const std::vector<std::string>& names) {
  InheritedSockets taken;
  for (std::size_t i = 0; i < count; ++i) {
    const int number = first + static_cast<int>(i);
    const int flags = ::fcntl(number, F_GETFD);
    if (flags < 0) {
      ++taken.refused_;
      continue;
    }
    FileDescriptor fd{number};
    NativeAddress native;
    const int type = integer_option(number, SO_TYPE);
    const bool good =
        ::fcntl(number, F_SETFD, flags | FD_CLOEXEC) == 0 &&
        ::getsockname(number, native.get(), &native.size) == 0 &&
        (native.storage.ss_family == AF_INET || native.storage.ss_family == AF_INET6) &&
        (type == SOCK_DGRAM ||
         (type == SOCK_STREAM && integer_option(number, SO_ACCEPTCONN) == 1)) &&
        ::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK) == 0;
    if (!good) {
      ++taken.refused_;
      continue;
    }
    taken.sockets_.push_back({.fd = std::move(fd),
                              .is_datagram = type == SOCK_DGRAM,
                              .address = from_native(native),
                              .name = i < names.size() ? names[i] : std::string{}});
  }
  return taken;
}

std::optional<FileDescriptor> InheritedSockets::next(bool is_datagram,
                                                     const SocketAddress& address) {
  const auto found = std::ranges::find_if(sockets_, [&](const Socket& socket) {
    return socket.is_datagram == is_datagram && socket.address == address;
  });
  if (address.port == 0 || found == sockets_.end()) return std::nullopt;
  FileDescriptor fd = std::move(found->fd);
  sockets_.erase(found);
  return fd;
}

std::optional<FileDescriptor> InheritedSockets::udp(const SocketAddress& address) {
  return next(true, address);
}

std::optional<FileDescriptor> InheritedSockets::tcp(const SocketAddress& address) {
  return next(false, address);
}

std::vector<InheritedSockets::Socket> InheritedSockets::close_rest() {
  auto rest = std::exchange(sockets_, {});
  for (Socket& socket : rest) socket.fd.reset();
  return rest;
}

}  // namespace khien::net
