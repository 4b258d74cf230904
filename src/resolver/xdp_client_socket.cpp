#include "resolver/xdp_client_socket.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>

namespace khien::resolver {
namespace {

// What a late answer needs beside the client's sockaddr stands in ClientRef::connection: the link
// address that its query came from, and the number of our address that it was sent to.
struct LinkRoute {
  net::LinkAddress link{};
  std::uint16_t address = 0;
};
static_assert(sizeof(LinkRoute) == sizeof(ClientRef::connection));

}  // namespace

XdpClientSocket::XdpClientSocket(std::unique_ptr<net::XdpSocket> socket,
                                 const net::XdpProgram& program, std::uint8_t number,
                                 WorkerBatches& batches, Counters& counters)
    : socket_(std::move(socket)),
      program_(program),
      number_(number),
      batches_(batches),
      counters_(counters) {
  for (const net::SocketAddress& listener : program.listeners()) {
    entries_.push_back(policy::entry_point(policy::EntryKind::listener, to_string(listener)));
  }
}

Result<std::unique_ptr<XdpClientSocket>> XdpClientSocket::open(net::XdpProgram& program,
                                                               std::uint32_t queue,
                                                               std::uint8_t number,
                                                               WorkerBatches& batches,
                                                               Counters& counters) {
  auto socket = net::XdpSocket::open(program, queue);
  if (!socket) return tl::unexpected(std::move(socket).error());
  return std::unique_ptr<XdpClientSocket>{
      new XdpClientSocket(std::move(*socket), program, number, batches, counters)};  // NOLINT
}

// The program compared addresses already; here it is found out which one it was. A frame for
// another station (the interface hears all) is not for us.
bool XdpClientSocket::is_for_us(const net::UdpFrame& frame) noexcept {
  if (!std::ranges::equal(frame.destination_link, program_.link_address())) return false;
  const auto& addresses = program_.addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const net::SocketAddress& address = addresses[address_];
    if (address.port == frame.destination_port &&
        std::ranges::equal(address.ip.octets(), frame.destination)) {
      return true;
    }
    address_ = (address_ + 1) % addresses.size();
  }
  return false;
}

ClientRef XdpClientSocket::client_of(const net::UdpFrame& frame) const noexcept {
  ClientRef client;
  client.socket = number_;
  client.entry = entries_[address_];
  if (frame.family == net::Family::v4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(frame.source_port);
    std::memcpy(&address.sin_addr, frame.source.data(), sizeof address.sin_addr);
    std::memcpy(client.address.data(), &address, sizeof address);
    client.address_size = sizeof address;
    client.source = policy::AddressKey::v4(ntohl(address.sin_addr.s_addr));
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(frame.source_port);
    std::memcpy(&address.sin6_addr, frame.source.data(), sizeof address.sin6_addr);
    std::memcpy(client.address.data(), &address, sizeof address);
    client.address_size = sizeof address;
    client.source = policy::AddressKey::of(frame.source);
  }
  LinkRoute route{.link = {}, .address = static_cast<std::uint16_t>(address_)};
  std::ranges::copy(frame.source_link, route.link.begin());
  client.connection = std::bit_cast<std::uint64_t>(route);
  return client;
}

std::size_t XdpClientSocket::receive(Wait) noexcept {
  received_ = socket_->receive(frames_);
  return received_;
}

void XdpClientSocket::answer_batch(Engine& engine) noexcept {
  std::size_t queries = 0;
  for (std::size_t i = 0; i < received_; ++i) {
    const auto frame = net::parse_udp_frame(frames_[i].octets);
    if (!frame) {
      counters_.add(Count::dropped_frame);
      continue;
    }
    const DatagramQuery query = batches_.query_of(
        {.message = frame->payload, .source = policy::AddressKey::of(frame->source)}, counters_);
    batches_.sources[queries] = query.source;
    engine.prepare(query.message, Transport::udp, batches_.prepared[queries]);
    queries_[queries++] = *frame;
  }
  engine.look_ahead(std::span{batches_.prepared}.first(queries));
  for (std::size_t i = 0; i < queries; ++i) {
    const net::UdpFrame& query = queries_[i];
    if (!is_for_us(query)) {
      counters_.add(Count::dropped_frame);
      continue;
    }
    const auto answer = socket_->take();
    if (!answer) {
      counters_.add(Count::dropped_send);
      continue;
    }
    const std::span room =
        answer->octets.subspan(net::udp_frame_head_size(query.family), udp_answer_size_max);
    ClientRef client = client_of(query);
    client.source = batches_.sources[i];
    const std::size_t size = engine.handle(batches_.prepared[i], Transport::udp, client, room);
    if (size == 0) {
      socket_->put_back(*answer);
      continue;
    }
    socket_->send(*answer, net::write_udp_frame({.source_link = program_.link_address(),
                                                 .destination_link = query.source_link,
                                                 .source = query.destination,
                                                 .destination = query.source,
                                                 .source_port = query.destination_port,
                                                 .destination_port = query.source_port},
                                                answer->octets, size));
  }
  socket_->flush();
  socket_->give_back(std::span{frames_}.first(received_));
  received_ = 0;
}

void XdpClientSocket::answer_late(const ClientRef& client, Bytes message) noexcept {
  const auto answer = socket_->take();
  if (!answer) {
    counters_.add(Count::dropped_send);
    return;
  }
  const LinkRoute route = std::bit_cast<LinkRoute>(client.connection);
  const net::SocketAddress& own = program_.addresses()[route.address];
  net::UdpFrameHead head{.source_link = program_.link_address(),
                         .destination_link = route.link,
                         .source = own.ip.octets(),
                         .source_port = own.port};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (own.ip.is_v4()) {
    std::memcpy(&v4, client.address.data(), sizeof v4);
    head.destination = std::span{reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4};
    head.destination_port = ntohs(v4.sin_port);
  } else {
    std::memcpy(&v6, client.address.data(), sizeof v6);
    head.destination = v6.sin6_addr.s6_addr;
    head.destination_port = ntohs(v6.sin6_port);
  }
  std::memcpy(answer->octets.data() + net::udp_frame_head_size(own.ip.family()), message.data(),
              message.size());
  socket_->send(*answer, net::write_udp_frame(head, answer->octets, message.size()));
}

}  // namespace khien::resolver
