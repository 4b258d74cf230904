// Packets as recvmmsg(2) and sendmmsg(2) want them: headers that point at octets beside them. All
// memory is here; it does not move once made.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "resolver/client_socket.h"
#include "resolver/proxy_peers.h"

namespace khien::resolver {

constexpr std::size_t udp_query_size_max = 1'536;  // one frame; a longer query is FORMERR

template <std::size_t octets_size>
class PacketBatch {
 public:
  PacketBatch() noexcept {
    for (std::size_t i = 0; i < batch_size; ++i) {
      parts_[i] = {.iov_base = octets_[i].data(), .iov_len = octets_size};
      headers_[i].msg_hdr.msg_name = &peers_[i];
      headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  PacketBatch(const PacketBatch&) = delete;
  PacketBatch& operator=(const PacketBatch&) = delete;

  /// How many packets came; 0 with errno set if none did.
  std::size_t receive(int fd, int flags) noexcept {
    for (auto& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    const int count = ::recvmmsg(fd, headers_.data(), batch_size, flags, nullptr);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  [[nodiscard]] std::span<std::uint8_t> received(std::size_t i) noexcept {
    return std::span{octets_[i]}.first(std::min<std::size_t>(headers_[i].msg_len, octets_size));
  }
  [[nodiscard]] const sockaddr_in6& peer(std::size_t i) const noexcept { return peers_[i]; }
  [[nodiscard]] std::uint8_t peer_size(std::size_t i) const noexcept {
    return static_cast<std::uint8_t>(headers_[i].msg_hdr.msg_namelen);
  }

  [[nodiscard]] std::span<std::uint8_t> room(std::size_t i) noexcept { return octets_[i]; }
  /// Packet `i` is the first `size` octets of room(i), for `peer`, a sockaddr.
  void address(std::size_t i, std::size_t size, const void* peer, std::uint8_t peer_size) noexcept {
    parts_[i].iov_len = size;
    std::memcpy(&peers_[i], peer, sizeof peers_[i]);
    headers_[i].msg_hdr.msg_namelen = peer_size;
  }
  /// Sends the first `count`; returns how many the kernel refused.
  std::size_t send(int fd, std::size_t count) noexcept {
    std::size_t refused = 0;
    for (std::size_t sent = 0; sent < count;) {
      const int now =
          ::sendmmsg(fd, headers_.data() + sent, static_cast<unsigned>(count - sent), MSG_DONTWAIT);
      if (now < 0 && errno == EINTR) continue;
      // One answer that the kernel refuses (or has no room for) must not hold up the others.
      if (now < 0) ++refused;
      sent += now < 0 ? 1 : static_cast<std::size_t>(now);
    }
    return refused;
  }

 private:
  std::array<mmsghdr, batch_size> headers_{};
  std::array<iovec, batch_size> parts_{};
  std::array<sockaddr_in6, batch_size> peers_{};
  std::array<std::array<std::uint8_t, octets_size>, batch_size> octets_;
};

/// What the sockets of one worker share, since it serves one of them at a time.
struct WorkerBatches {
  /// `datagram` with whom it comes from, behind its PROXY header if the peer is a proxy.
  [[nodiscard]] DatagramQuery query_of(const DatagramQuery& datagram,
                                       Counters& counters) const noexcept {
    if (proxies.empty()) return datagram;
    const auto read = proxies.read(datagram);
    if (read.reading == ProxyPeers::Reading::accepted) counters.add(Count::proxy_accepted);
    if (read.reading == ProxyPeers::Reading::refused) counters.add(Count::proxy_refused);
    return read.query;
  }

  PacketBatch<udp_query_size_max> in;
  PacketBatch<udp_answer_size_max> out;
  std::array<Prepared, batch_size> prepared{};
  std::array<policy::AddressKey, batch_size> sources{};
  ProxyPeers proxies = {};
};

}  // namespace khien::resolver
