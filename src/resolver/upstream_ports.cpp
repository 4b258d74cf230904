#include "resolver/upstream_ports.h"

namespace khien::resolver {

UpstreamPorts::UpstreamPorts(std::vector<Upstream> upstreams, Hook opened, Hook closing)
    : upstreams_(std::move(upstreams)), opened_(std::move(opened)), closing_(std::move(closing)) {
  sockets_.resize(upstreams_.size() * 2 * ports_in_use);
}

void UpstreamPorts::renew(std::int64_t now_ms) {
  if (opened_once_ && now_ms - renewed_at_ms_ < ports_renewed_after_ms) return;
  opened_once_ = true;
  renewed_at_ms_ = now_ms;
  half_ = 1 - half_;
  for (std::size_t upstream = 0; upstream < upstreams_.size(); ++upstream) {
    if (upstreams_[upstream].protocol != UpstreamProtocol::udp) continue;
    for (std::size_t i = 0; i < ports_in_use; ++i) {
      const std::size_t port = first_port(upstream, half_) + i;
      const auto number = static_cast<std::uint16_t>(port);
      if (sockets_[port]) closing_(sockets_[port]->fd(), number);
      sockets_[port].reset();
      auto socket = net::UdpSocket::connect(upstreams_[upstream].address);
      if (!socket) continue;  // no route just now: pick() says so, and the next turn tries again
      sockets_[port] = std::move(*socket);
      opened_(sockets_[port]->fd(), number);
    }
  }
}

std::optional<std::uint16_t> UpstreamPorts::pick(std::uint16_t upstream,
                                                 std::uint64_t random) const noexcept {
  for (std::size_t i = 0; i < ports_in_use; ++i) {
    const std::size_t port = first_port(upstream, half_) + (random + i) % ports_in_use;
    if (sockets_[port]) return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

}  // namespace khien::resolver
