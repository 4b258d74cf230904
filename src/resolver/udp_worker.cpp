#include "resolver/udp_worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "resolver/udp_client_socket.h"
#include "resolver/xdp_client_socket.h"

namespace khien::resolver {
namespace {

constexpr std::size_t questions_max = 64;  // upstream queries before a flush
constexpr int rounds_max = 4;              // batches from one socket before the others get a turn

// What an epoll event belongs to.
constexpr std::uint64_t tag_listen = std::uint64_t{1} << 32;
constexpr std::uint64_t tag_port = std::uint64_t{2} << 32;
constexpr std::uint64_t tag_stream = std::uint64_t{4} << 32;

// How often idle and silent connections to upstreams are looked for.
constexpr std::int64_t streams_look_ms = 500;

}  // namespace

struct UdpWorker::Questions {
  struct Question {
    std::uint16_t port = 0;
    iovec part{};
    std::array<std::uint8_t, upstream_query_size_max> octets;
  };
  std::array<Question, questions_max> all{};
  std::array<mmsghdr, questions_max> headers{};
};

UdpWorker::UdpWorker(UdpWorkerOptions options, const WorkerShared& shared)
    : options_(std::move(options)),
      shared_(shared),
      counters_(options_.engine.counting),
      engine_(options_.engine, shared_.rules, shared_.ready, shared_.rng, *this, counters_),
      random_(shared_.rng),
      ports_(
          options_.upstreams, [this](int fd, std::uint16_t port) { watch(fd, tag_port | port); },
          [](int, std::uint16_t) {}),  // closing a descriptor takes it out of epoll
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      streams_(options_.upstreams, options_.upstream_tls, stream_hooks()),
      batches_(std::make_unique<WorkerBatches>()),
      questions_(std::make_unique<Questions>()),
      batch_port_(options_.upstreams.size()) {
  failed_ports_.reserve(questions_max);
  batches_->proxies = options_.proxies;
}

UdpWorker::~UdpWorker() = default;

UpstreamStreams::Hooks UdpWorker::stream_hooks() {
  return {
      .watch =
          [this](int fd, std::uint16_t port, net::Readiness interest, bool first) {
            epoll_event event{
                .events = (interest.readable ? EPOLLIN : 0U) | (interest.writable ? EPOLLOUT : 0U),
                .data = {.u64 = tag_stream | port}};
            (void)::epoll_ctl(epoll_.get(), first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
          },
      .unwatch = [this](int fd) { (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); },
      .answered =
          [this](std::uint16_t port, std::span<std::uint8_t> message) {
            engine_.upstream_answered(port, true, message);
          },
      .failed = [this](std::uint16_t port,
                       UpstreamFailure failure) { engine_.upstream_failed(port, true, failure); }};
}

Result<std::unique_ptr<UdpWorker>> UdpWorker::open(UdpWorkerOptions options,
                                                   const WorkerShared& shared) {
  std::unique_ptr<UdpWorker> worker{new UdpWorker(std::move(options), shared)};  // NOLINT
  auto bound = worker->bind_all();
  if (!bound) return tl::unexpected(std::move(bound).error());
  return worker;
}

void UdpWorker::watch(int fd, std::uint64_t tag) noexcept {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

Result<void> UdpWorker::bind_all() {
  if (!epoll_.valid()) return fail(ErrorCode::unavailable, "no epoll descriptor");
  if (options_.listen.size() >= client_sockets_max) {
    return fail(ErrorCode::limit_exceeded,
                "--listen: " + std::to_string(client_sockets_max - 1) + " addresses at most");
  }
  for (const auto& address : options_.listen) {
    const net::BindOptions wanted{.address = address,
                                  .sharing = net::PortSharing::shared,
                                  .receive_buffer_size = udp_receive_buffer_size};
    auto socket =
        shared_.sockets != nullptr ? shared_.sockets->udp(wanted) : net::UdpSocket::bind(wanted);
    if (!socket) {
      return propagate(std::move(socket).error(), "listen on UDP " + to_string(address));
    }
    least_buffer_size_ = std::min(least_buffer_size_, socket->receive_buffer_size());
    local_addresses_.push_back(socket->local_address());
    add(std::make_unique<UdpClientSocket>(std::move(*socket), next_number(), *batches_, counters_));
  }
  return {};
}

Result<void> UdpWorker::add_xdp(net::XdpProgram& program, std::uint32_t queue) {
  auto socket = XdpClientSocket::open(program, queue, next_number(), *batches_, counters_);
  if (!socket) return tl::unexpected(std::move(socket).error());
  add(std::move(*socket));
  return {};
}

void UdpWorker::add(std::unique_ptr<ClientSocket> socket) {
  watch(socket->fd(), tag_listen | clients_.size());
  clients_.push_back(std::move(socket));
}

void UdpWorker::read_kernel_drops() noexcept {
  std::uint64_t drops = 0;
  for (const auto& socket : clients_) drops += socket->kernel_drops();
  counters_.set(Count::dropped_receive, drops);
}

void UdpWorker::begin_batch() { engine_.begin_batch(shared_.clock.steady_ms()); }

std::size_t UdpWorker::serve_clients(std::size_t number, ClientSocket::Wait wait) {
  ClientSocket& socket = *clients_[number];
  const std::size_t count = socket.receive(wait);
  begin_batch();
  socket.answer_batch(engine_);
  flush_questions();
  return count;
}

void UdpWorker::serve_upstream(std::uint16_t port) {
  for (int round = 0; round < rounds_max; ++round) {
    net::UdpSocket* socket = ports_.socket(port);
    if (socket == nullptr) return;
    errno = 0;
    const std::size_t count = batches_->in.receive(socket->fd(), MSG_DONTWAIT);
    if (count == 0) {
      if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH) {
        engine_.upstream_failed(port, false);
      }
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      engine_.upstream_answered(port, false, batches_->in.received(i));
    }
    if (count < batch_size) return;
  }
}

void UdpWorker::answer(const ClientRef& client, Bytes message) {
  clients_[client.socket]->answer_late(client, message);
}

std::optional<std::uint16_t> UdpWorker::ask(const Ask& ask, Bytes query) {
  if (ask.over_tcp) return streams_.ask(ask.upstream, query, shared_.clock.steady_ms());
  // One port a batch and upstream, so that a batch's questions leave in one system call.
  auto& port = batch_port_[ask.upstream];
  if (!port) port = ports_.pick(ask.upstream, random_.next_u64());
  if (!port) return std::nullopt;
  if (question_count_ == questions_max) send_questions();
  auto& question = questions_->all[question_count_++];
  question.port = *port;
  std::memcpy(question.octets.data(), query.data(), query.size());
  question.part = {.iov_base = question.octets.data(), .iov_len = query.size()};
  return *port;
}

// Sends what ask() collected, and notes the ports that failed.
void UdpWorker::send_questions() {
  auto& [all, headers] = *questions_;
  std::size_t at = 0;
  while (at < question_count_) {
    const std::uint16_t port = all[at].port;
    std::size_t end = at;
    for (; end < question_count_ && all[end].port == port; ++end) {
      headers[end].msg_hdr = {};
      headers[end].msg_hdr.msg_iov = &all[end].part;
      headers[end].msg_hdr.msg_iovlen = 1;
    }
    net::UdpSocket* socket = ports_.socket(port);
    const int sent = socket == nullptr ? -1
                                       : ::sendmmsg(socket->fd(), headers.data() + at,
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
  while (true) {
    send_questions();
    if (streams_.has_unsent()) streams_.flush(shared_.clock.steady_ms());
    if (failed_ports_.empty()) {
      if (question_count_ == 0) break;
      continue;
    }
    const std::uint16_t port = failed_ports_.back();
    failed_ports_.pop_back();
    engine_.upstream_failed(port, false);
  }
  for (const auto& socket : clients_) socket->flush_late();
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
    if ((tag & tag_stream) != 0) {
      streams_.ready(static_cast<std::uint16_t>(index), shared_.clock.steady_ms());
      continue;
    }
    if ((tag & tag_port) != 0) {
      serve_upstream(static_cast<std::uint16_t>(index));
      continue;
    }
    for (int round = 0; round < rounds_max; ++round) {
      if (serve_clients(index, ClientSocket::Wait::no) < batch_size) break;
    }
  }
  engine_.tick();
  const std::int64_t now_ms = shared_.clock.steady_ms();
  if (now_ms - streams_seen_ms_ >= streams_look_ms) {
    streams_seen_ms_ = now_ms;
    streams_.tick(now_ms);
  }
  flush_questions();
}

void UdpWorker::drain() {
  for (const auto& client : clients_) {
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, client->fd(), nullptr);
  }
  const std::int64_t until_ms = shared_.clock.steady_ms() + drain_ms;
  while (engine_.in_flight() != 0 && shared_.clock.steady_ms() < until_ms) {
    counters_.add(Count::rounds);
    wait_and_serve(static_cast<int>(engine_.wait_ms(idle_wait_ms)));
  }
}

void UdpWorker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    counters_.add(Count::rounds);
    ports_.renew(shared_.clock.steady_ms());
    engine_.end_batch();
    if (engine_.in_flight() == 0 && clients_.size() == 1) {
      (void)serve_clients(0, ClientSocket::Wait::a_while);
    } else {
      wait_and_serve(static_cast<int>(engine_.wait_ms(idle_wait_ms)));
    }
  }
  drain();
}

}  // namespace khien::resolver
