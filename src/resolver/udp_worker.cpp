#include "resolver/udp_worker.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace khien::resolver {
namespace {

constexpr std::size_t batch_size = 32;       // packets a system call; more gains nothing (measured)
constexpr std::size_t receive_size = 1'536;  // a query in one frame; longer ones are FORMERR
constexpr std::size_t questions_max = 64;    // upstream queries before a flush
constexpr int idle_wait_ms = 200;            // how soon an idle worker sees stop and new rules
constexpr int rounds_max = 4;                // batches from one socket before the others get a turn

// What an epoll event belongs to.
constexpr std::uint64_t tag_listen = std::uint64_t{1} << 32;
constexpr std::uint64_t tag_port = std::uint64_t{2} << 32;

struct NamedPacket {
  iovec part{};
  sockaddr_in6 peer{};
};

// `peer` holds an IPv4 address in the form of its own family.
policy::AddressKey source_of(const sockaddr_in6& peer) noexcept {
  if (peer.sin6_family == AF_INET6) return policy::AddressKey::of(Bytes{peer.sin6_addr.s6_addr});
  sockaddr_in v4{};
  std::memcpy(&v4, &peer, sizeof v4);
  return policy::AddressKey::v4(ntohl(v4.sin_addr.s_addr));
}

}  // namespace

struct UdpWorker::Buffers {
  std::array<mmsghdr, batch_size> in{};
  std::array<NamedPacket, batch_size> in_packet{};
  std::array<std::array<std::uint8_t, receive_size>, batch_size> in_octets;
  std::array<mmsghdr, batch_size> out{};
  std::array<NamedPacket, batch_size> out_packet{};
  std::array<std::array<std::uint8_t, udp_answer_size_max>, batch_size> out_octets;
  std::array<mmsghdr, batch_size> late{};
  std::array<NamedPacket, batch_size> late_packet{};
  std::array<std::array<std::uint8_t, udp_answer_size_max>, batch_size> late_octets;
  std::array<Prepared, batch_size> prepared{};

  struct Question {
    std::uint16_t port = 0;
    iovec part{};
    std::array<std::uint8_t, upstream_query_size_max> octets;
  };
  std::array<Question, questions_max> questions{};
  std::array<mmsghdr, questions_max> ask{};

  Buffers() {
    for (std::size_t i = 0; i < batch_size; ++i) {
      in_packet[i].part = {.iov_base = in_octets[i].data(), .iov_len = receive_size};
      out_packet[i].part = {.iov_base = out_octets[i].data(), .iov_len = 0};
      late_packet[i].part = {.iov_base = late_octets[i].data(), .iov_len = 0};
      in[i].msg_hdr = header_of(in_packet[i]);
      out[i].msg_hdr = header_of(out_packet[i]);
      late[i].msg_hdr = header_of(late_packet[i]);
    }
  }
  static msghdr header_of(NamedPacket& packet) {
    msghdr header{};
    header.msg_name = &packet.peer;
    header.msg_namelen = sizeof packet.peer;
    header.msg_iov = &packet.part;
    header.msg_iovlen = 1;
    return header;
  }
};

UdpWorker::UdpWorker(UdpWorkerOptions options, const WorkerShared& shared)
    : options_(std::move(options)),
      shared_(shared),
      engine_(options_.engine, shared_.rules, shared_.ready, shared_.rng, *this, counters_),
      random_(shared_.rng),
      ports_(
          options_.upstreams,
          [this](int fd, std::uint16_t port) {
            epoll_event event{.events = EPOLLIN, .data = {.u64 = tag_port | port}};
            (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
          },
          [](int, std::uint16_t) {}),  // closing a descriptor takes it out of epoll
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffers_(std::make_unique<Buffers>()),
      batch_port_(options_.upstreams.size()) {
  failed_ports_.reserve(questions_max);
}

UdpWorker::~UdpWorker() = default;

Result<std::unique_ptr<UdpWorker>> UdpWorker::open(UdpWorkerOptions options,
                                                   const WorkerShared& shared) {
  std::unique_ptr<UdpWorker> worker{new UdpWorker(std::move(options), shared)};  // NOLINT
  auto bound = worker->bind_all();
  if (!bound) return tl::unexpected(std::move(bound).error());
  return worker;
}

Result<void> UdpWorker::bind_all() {
  if (!epoll_.valid()) return fail(ErrorCode::unavailable, "no epoll descriptor");
  for (const auto& address : options_.listen) {
    auto socket = net::UdpSocket::bind({.address = address,
                                        .sharing = net::PortSharing::shared,
                                        .receive_buffer_size = udp_receive_buffer_size});
    if (!socket) {
      return propagate(std::move(socket).error(), "listen on UDP " + to_string(address));
    }
    // Blocking, with a timeout: an idle worker waits inside recvmmsg, one system call a batch.
    const int fd = socket->fd();
    const timeval wait{.tv_sec = 0, .tv_usec = idle_wait_ms * 1'000};
    (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = tag_listen | sockets_.size()}};
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    entries_.push_back(
        policy::entry_point(policy::EntryKind::listener, to_string(socket->local_address())));
    sockets_.push_back(std::move(*socket));
  }
  return {};
}

std::vector<net::SocketAddress> UdpWorker::local_addresses() const {
  std::vector<net::SocketAddress> addresses;
  for (const auto& socket : sockets_) addresses.push_back(socket.local_address());
  return addresses;
}

void UdpWorker::read_kernel_drops() noexcept {
  std::uint64_t drops = 0;
  for (const auto& socket : sockets_) drops += socket.receive_drops();
  counters_.set(Count::dropped_receive, drops);
}

int UdpWorker::receive_buffer_size() const noexcept {
  int least = udp_receive_buffer_size;
  for (const auto& socket : sockets_) least = std::min(least, socket.receive_buffer_size());
  return least;
}

void UdpWorker::begin_batch() { engine_.begin_batch(shared_.clock.steady_ms()); }

std::size_t UdpWorker::receive(int fd, int flags) {
  for (auto& header : buffers_->in) header.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
  const int count = ::recvmmsg(fd, buffers_->in.data(), batch_size, flags, nullptr);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

void UdpWorker::send_answers(int fd, std::size_t count) {
  std::size_t sent = 0;
  while (sent < count) {
    const int now = ::sendmmsg(fd, buffers_->out.data() + sent, static_cast<unsigned>(count - sent),
                               MSG_DONTWAIT);
    if (now < 0) {
      if (errno == EINTR) continue;
      // One answer that the kernel refuses (or has no room for) must not hold up the others.
      counters_.add(Count::dropped_send);
      ++sent;
      continue;
    }
    sent += static_cast<std::size_t>(now);
  }
}

void UdpWorker::handle_batch(std::size_t socket, std::size_t count) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < count; ++i) {
    engine_.prepare(Bytes{b.in_octets[i]}.first(b.in[i].msg_len), Transport::udp, b.prepared[i]);
  }
  for (std::size_t i = 0; i < count; ++i) engine_.look_ahead(b.prepared[i]);
  std::size_t answers = 0;
  ClientRef client;
  client.socket = static_cast<std::uint8_t>(socket);
  client.entry = entries_[socket];
  for (std::size_t i = 0; i < count; ++i) {
    const NamedPacket& packet = b.in_packet[i];
    client.address_size = static_cast<std::uint8_t>(b.in[i].msg_hdr.msg_namelen);
    std::memcpy(client.address.data(), &packet.peer, sizeof packet.peer);
    client.source = source_of(packet.peer);
    const std::size_t size =
        engine_.handle(b.prepared[i], Transport::udp, client, b.out_octets[answers]);
    if (size == 0) continue;
    b.out_packet[answers].part.iov_len = size;
    b.out_packet[answers].peer = packet.peer;
    b.out[answers].msg_hdr.msg_namelen = client.address_size;
    ++answers;
  }
  send_answers(sockets_[socket].fd(), answers);
}

std::size_t UdpWorker::serve_clients(std::size_t socket, int flags) {
  const std::size_t count = receive(sockets_[socket].fd(), flags);
  begin_batch();
  handle_batch(socket, count);
  flush_questions();
  return count;
}

void UdpWorker::serve_upstream(std::uint16_t port) {
  for (int round = 0; round < rounds_max; ++round) {
    net::UdpSocket* socket = ports_.socket(port);
    if (socket == nullptr) return;
    errno = 0;
    const std::size_t count = receive(socket->fd(), MSG_DONTWAIT);
    if (count == 0) {
      if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH) {
        engine_.upstream_failed(port, false);
      }
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (buffers_->in[i].msg_len > receive_size) continue;
      engine_.upstream_answered(port, false,
                                std::span{buffers_->in_octets[i]}.first(buffers_->in[i].msg_len));
    }
    if (count < batch_size) return;
  }
}

void UdpWorker::answer(const ClientRef& client, Bytes message) {
  Buffers& b = *buffers_;
  if (late_count_ == batch_size || (late_count_ != 0 && late_socket_ != client.socket)) {
    flush_late_answers();
  }
  late_socket_ = client.socket;
  NamedPacket& packet = b.late_packet[late_count_];
  std::memcpy(&packet.peer, client.address.data(), sizeof packet.peer);
  std::memcpy(b.late_octets[late_count_].data(), message.data(), message.size());
  packet.part.iov_len = message.size();
  b.late[late_count_].msg_hdr.msg_namelen = client.address_size;
  ++late_count_;
}

void UdpWorker::flush_late_answers() {
  std::size_t sent = 0;
  while (sent < late_count_) {
    const int now = ::sendmmsg(sockets_[late_socket_].fd(), buffers_->late.data() + sent,
                               static_cast<unsigned>(late_count_ - sent), MSG_DONTWAIT);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) counters_.add(Count::dropped_send);
    sent += now < 0 ? 1 : static_cast<std::size_t>(now);
  }
  late_count_ = 0;
}

std::optional<std::uint16_t> UdpWorker::ask(const Ask& ask, Bytes query) {
  if (ask.over_tcp) return std::nullopt;
  // One port a batch and upstream, so that a batch's questions leave in one system call.
  auto& port = batch_port_[ask.upstream];
  if (!port) port = ports_.pick(ask.upstream, random_.next_u64());
  if (!port) return std::nullopt;
  if (question_count_ == questions_max) send_questions();
  auto& question = buffers_->questions[question_count_++];
  question.port = *port;
  std::memcpy(question.octets.data(), query.data(), query.size());
  question.part = {.iov_base = question.octets.data(), .iov_len = query.size()};
  return *port;
}

// Sends what ask() collected, and notes the ports that failed.
void UdpWorker::send_questions() {
  Buffers& b = *buffers_;
  std::size_t at = 0;
  while (at < question_count_) {
    const std::uint16_t port = b.questions[at].port;
    std::size_t end = at;
    for (; end < question_count_ && b.questions[end].port == port; ++end) {
      b.ask[end].msg_hdr = {};
      b.ask[end].msg_hdr.msg_iov = &b.questions[end].part;
      b.ask[end].msg_hdr.msg_iovlen = 1;
    }
    net::UdpSocket* socket = ports_.socket(port);
    const int sent = socket == nullptr ? -1
                                       : ::sendmmsg(socket->fd(), b.ask.data() + at,
                                                    static_cast<unsigned>(end - at), MSG_DONTWAIT);
    if (sent < 0) {
      if (failed_ports_.empty() || failed_ports_.back() != port) failed_ports_.push_back(port);
      at = end;
    } else {
      at += static_cast<std::size_t>(sent);
    }
  }
  question_count_ = 0;
  for (auto& port : batch_port_) port.reset();
}

// A port that failed fails its questions, whose next attempts ask again: attempts are limited, so
// this ends. Only here, where the engine is not in the middle of a question.
void UdpWorker::flush_questions() {
  while (question_count_ != 0 || !failed_ports_.empty()) {
    send_questions();
    if (failed_ports_.empty()) break;
    const std::uint16_t port = failed_ports_.back();
    failed_ports_.pop_back();
    engine_.upstream_failed(port, false);
  }
  flush_late_answers();
}

std::size_t UdpWorker::notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) {
  if (!shared_.notify) return 0;
  net::NativeAddress native;
  std::memcpy(&native.storage, client.address.data(), client.address.size());
  native.size = client.address_size;
  return shared_.notify(message, net::from_native(native).ip.unmapped(), out);
}

void UdpWorker::wait_and_serve(int timeout_ms) {
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  begin_batch();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    const auto index = static_cast<std::uint32_t>(tag);
    if ((tag & tag_port) != 0) {
      serve_upstream(static_cast<std::uint16_t>(index));
      continue;
    }
    for (int round = 0; round < rounds_max; ++round) {
      if (serve_clients(index, MSG_DONTWAIT) < batch_size) break;
    }
  }
  engine_.tick();
  flush_questions();
}

void UdpWorker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    counters_.add(Count::rounds);
    ports_.renew(shared_.clock.steady_ms());
    if (engine_.in_flight() == 0 && sockets_.size() == 1) {
      (void)serve_clients(0, MSG_WAITFORONE);
    } else {
      wait_and_serve(static_cast<int>(engine_.wait_ms(idle_wait_ms)));
    }
  }
}

}  // namespace khien::resolver
