// The UDP sockets that questions leave by: for each upstream several connected ones, so that the
// kernel drops answers from anybody else, with port numbers that the kernel picks at random. They
// are opened anew in turns: one half is in use while answers may still come to the other. One
// thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "net/socket.h"
#include "resolver/upstream.h"

namespace khien::resolver {

constexpr std::size_t ports_in_use = 16;  // for each upstream, a worker
constexpr std::int64_t ports_renewed_after_ms = 30'000;

class UpstreamPorts {
 public:
  /// Called with the descriptor and the port's number when one is opened, and before it is closed.
  using Hook = std::function<void(int fd, std::uint16_t port)>;

  /// None is opened for those that are asked over streams alone.
  UpstreamPorts(std::vector<Upstream> upstreams, Hook opened, Hook closing);

  /// Opens the other half, if it is time.
  void renew(std::int64_t now_ms);
  /// The number of one port in use for `upstream`, chosen by `random`; nullopt if none could be
  /// opened.
  [[nodiscard]] std::optional<std::uint16_t> pick(std::uint16_t upstream,
                                                  std::uint64_t random) const noexcept;
  /// nullptr if it is not open.
  [[nodiscard]] net::UdpSocket* socket(std::uint16_t port) noexcept {
    return port < sockets_.size() && sockets_[port] ? &*sockets_[port] : nullptr;
  }

 private:
  [[nodiscard]] std::size_t first_port(std::size_t upstream, std::size_t half) const noexcept {
    return (upstream * 2 + half) * ports_in_use;
  }
  std::vector<Upstream> upstreams_;
  Hook opened_;
  Hook closing_;
  std::vector<std::optional<net::UdpSocket>> sockets_;
  std::size_t half_ = 1;
  std::int64_t renewed_at_ms_ = 0;
  bool opened_once_ = false;
};

}  // namespace khien::resolver
