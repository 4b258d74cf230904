#include "resolver/udp_client_socket.h"

#include <fcntl.h>
#include <sys/time.h>

namespace khien::resolver {
namespace {

// `peer` holds an IPv4 address in the form of its own family.
policy::AddressKey source_of(const sockaddr_in6& peer) noexcept {
  if (peer.sin6_family == AF_INET6) return policy::AddressKey::of(Bytes{peer.sin6_addr.s6_addr});
  sockaddr_in v4{};
  std::memcpy(&v4, &peer, sizeof v4);
  return policy::AddressKey::v4(ntohl(v4.sin_addr.s_addr));
}

}  // namespace

UdpClientSocket::UdpClientSocket(net::UdpSocket socket, std::uint8_t number, WorkerBatches& batches,
                                 Counters& counters)
    : socket_(std::move(socket)),
      number_(number),
      entry_(policy::entry_point(policy::EntryKind::listener, to_string(socket_.local_address()))),
      batches_(batches),
      counters_(counters) {
  // Blocking, with a timeout: an idle worker waits inside recvmmsg, one system call a batch.
  const timeval wait{.tv_sec = 0, .tv_usec = idle_wait_ms * 1'000};
  (void)::fcntl(fd(), F_SETFL, ::fcntl(fd(), F_GETFL) & ~O_NONBLOCK);
  (void)::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

std::size_t UdpClientSocket::receive(Wait wait) noexcept {
  received_ = batches_.in.receive(fd(), wait == Wait::no ? MSG_DONTWAIT : MSG_WAITFORONE);
  return received_;
}

void UdpClientSocket::answer_batch(Engine& engine) noexcept {
  auto& [in, out, prepared, sources, _] = batches_;
  for (std::size_t i = 0; i < received_; ++i) {
    const DatagramQuery query =
        batches_.query_of({.message = in.received(i), .source = source_of(in.peer(i))}, counters_);
    sources[i] = query.source;
    engine.prepare(query.message, Transport::udp, prepared[i]);
  }
  engine.look_ahead(std::span{prepared}.first(received_));
  std::size_t answers = 0;
  ClientRef client;
  client.socket = number_;
  client.entry = entry_;
  for (std::size_t i = 0; i < received_; ++i) {
    client.address_size = in.peer_size(i);
    std::memcpy(client.address.data(), &in.peer(i), client.address.size());
    client.source = sources[i];
    const std::size_t size = engine.handle(prepared[i], Transport::udp, client, out.room(answers));
    if (size != 0) out.address(answers++, size, &in.peer(i), client.address_size);
  }
  received_ = 0;
  if (answers != 0) counters_.add(Count::dropped_send, out.send(fd(), answers));
}

void UdpClientSocket::answer_late(const ClientRef& client, Bytes message) noexcept {
  if (late_count_ == batch_size) flush_late();
  std::memcpy(late_.room(late_count_).data(), message.data(), message.size());
  late_.address(late_count_++, message.size(), client.address.data(), client.address_size);
}

void UdpClientSocket::flush_late() noexcept {
  if (late_count_ != 0) counters_.add(Count::dropped_send, late_.send(fd(), late_count_));
  late_count_ = 0;
}

}  // namespace khien::resolver
