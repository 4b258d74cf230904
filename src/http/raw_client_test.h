// A client that sends exactly the octets it is told to, for tests of the server.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <string>
#include <string_view>

#include "base/file.h"
#include "net/address.h"

namespace khien::http {

class RawClient {
 public:
  explicit RawClient(const net::SocketAddress& server)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};  // a bound on a failing test
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto native = net::to_native(server);
    connected_ = ::connect(fd_.get(), native.get(), native.size) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }

  /// False once the server has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto put = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

  /// Everything until the server closes.
  std::string read_to_end() {
    while (read_once()) {
    }
    return std::exchange(buffer_, {});
  }
  /// Until `mark` has come, or the end.
  std::string read_until(std::string_view mark) {
    while (buffer_.find(mark) == std::string::npos && read_once()) {
    }
    const auto at = buffer_.find(mark);
    const auto end = at == std::string::npos ? buffer_.size() : at + mark.size();
    std::string text = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return text;
  }
  /// One response with Content-Length (or none): head and body.
  std::string read_response() {
    std::string head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    const auto size = std::stoul(head.substr(at + 16));
    while (buffer_.size() < size && read_once()) {
    }
    head += buffer_.substr(0, size);
    buffer_.erase(0, size);
    return head;
  }

 private:
  bool read_once() {
    std::array<char, 16 * 1024> piece{};
    const auto got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
  FileDescriptor fd_;
  bool connected_ = false;
  std::string buffer_;
};

/// The status of the first response in `text`, or 0.
inline int status_of(std::string_view text) {
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12) return 0;
  return std::stoi(std::string{text.substr(9, 3)});
}

}  // namespace khien::http
