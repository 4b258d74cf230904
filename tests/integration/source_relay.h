// Lets a server that cannot choose its own address come from one: what reaches the relay goes on to
// a primary from `source`, UDP and TCP. Unbound 1.17 neither signs transfers nor binds their
// sockets, so followers on one machine would all be 127.0.0.1.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "net/address.h"

namespace khien::publish {

class SourceRelay {
 public:
  /// IPv4 loopback: "127.0.0.2".
  SourceRelay(const char* source, std::uint16_t primary_port)
      : source_(at(source, 0)), primary_(at("127.0.0.1", primary_port)) {
    tcp_ = make(SOCK_STREAM, at("127.0.0.1", 0));
    KHIEN_ASSERT(::listen(tcp_.get(), 16) == 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    KHIEN_ASSERT(::getsockname(tcp_.get(), as_any(bound), &size) == 0);
    port_ = ntohs(bound.sin_port);
    udp_ = make(SOCK_DGRAM, bound);
    onward_ = make(SOCK_DGRAM, source_);
    KHIEN_ASSERT(::connect(onward_.get(), as_any(primary_), sizeof primary_) == 0);
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  struct Pair {
    FileDescriptor from;
    FileDescriptor to;
  };
  static constexpr std::size_t pairs_max = 64;

  static sockaddr* as_any(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }
  static sockaddr_in at(const char* ip, std::uint16_t port) {
    const auto parsed = net::IpAddress::parse(ip);
    KHIEN_ASSERT(parsed.has_value());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    KHIEN_ASSERT(::inet_pton(AF_INET, ip, &address.sin_addr) == 1);
    return address;
  }
  static FileDescriptor make(int type, sockaddr_in address) {
    FileDescriptor made{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
    KHIEN_ASSERT(made.valid() && ::bind(made.get(), as_any(address), sizeof address) == 0);
    return made;
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> fds;
      for (const int fd : {udp_.get(), onward_.get(), tcp_.get()}) {
        fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
      for (const Pair& pair : pairs_) {
        fds.push_back({.fd = pair.from.get(), .events = POLLIN, .revents = 0});
        fds.push_back({.fd = pair.to.get(), .events = POLLIN, .revents = 0});
      }
      if (::poll(fds.data(), fds.size(), 20) < 1) continue;
      if (fds[0].revents != 0) ask();
      if (fds[1].revents != 0) answer();
      for (std::size_t i = pairs_.size(); i-- > 0;) {
        const bool forth = fds[3 + 2 * i].revents == 0 || pump(pairs_[i].from, pairs_[i].to);
        const bool back = fds[4 + 2 * i].revents == 0 || pump(pairs_[i].to, pairs_[i].from);
        if (!forth || !back) pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (fds[2].revents != 0) accept_one();
    }
  }

  // Answers find who asked by the id of the message.
  void ask() {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const auto got = ::recvfrom(udp_.get(), block_.data(), block_.size(), 0, as_any(peer), &size);
    if (got < 12) return;
    askers_[id()] = peer;
    static_cast<void>(::send(onward_.get(), block_.data(), static_cast<std::size_t>(got), 0));
  }
  void answer() {
    const auto got = ::recv(onward_.get(), block_.data(), block_.size(), 0);
    const auto peer = got < 12 ? askers_.end() : askers_.find(id());
    if (peer == askers_.end()) return;
    static_cast<void>(::sendto(udp_.get(), block_.data(), static_cast<std::size_t>(got), 0,
                               as_any(peer->second), sizeof peer->second));
    askers_.erase(peer);
  }
  [[nodiscard]] std::uint16_t id() const {
    return static_cast<std::uint16_t>((block_[0] << 8U) | block_[1]);
  }
  void accept_one() {
    FileDescriptor from{::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!from.valid() || pairs_.size() == pairs_max) return;
    FileDescriptor to = make(SOCK_STREAM, source_);
    if (::connect(to.get(), as_any(primary_), sizeof primary_) != 0) return;
    pairs_.push_back({.from = std::move(from), .to = std::move(to)});
  }
  /// False at the end of the stream.
  bool pump(const FileDescriptor& from, const FileDescriptor& to) {
    const auto got = ::recv(from.get(), block_.data(), block_.size(), 0);
    return got > 0 &&
           write_all(to.get(), Bytes{block_}.first(static_cast<std::size_t>(got))).has_value();
  }

  sockaddr_in source_;
  sockaddr_in primary_;
  FileDescriptor tcp_;
  FileDescriptor udp_;
  FileDescriptor onward_;
  std::uint16_t port_ = 0;
  std::vector<Pair> pairs_;
  std::map<std::uint16_t, sockaddr_in> askers_;
  std::array<std::uint8_t, 65'536> block_{};
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace khien::publish
