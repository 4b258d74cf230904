#include "resolver/tcp_server.h"

#include <algorithm>
#include <cstring>

namespace khien::resolver {
namespace {

constexpr std::int64_t tick_ms = 50;
constexpr std::int64_t streams_look_ms = 500;  // how often idle and silent ones are looked for
constexpr std::size_t length_size = 2;         // RFC 1035 section 4.2.2

void append_message(Octets& out, Bytes message) {
  dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
}

}  // namespace

TcpServer::TcpServer(TcpServerOptions options, const WorkerShared& shared, net::EventLoop& loop)
    : options_(std::move(options)),
      shared_(shared),
      loop_(loop),
      engine_(options_.engine, shared_.rules, shared_.ready, shared_.rng, *this, counters_),
      random_(shared_.rng),
      ports_(
          options_.upstreams,
          [this](int fd, std::uint16_t port) {
            (void)loop_.watch(fd, {.readable = true},
                              [this, port](net::Readiness) { upstream_datagram(port); });
          },
          [this](int fd, std::uint16_t) { loop_.unwatch(fd); }),
      streams_(options_.upstreams, options_.upstream_tls, stream_hooks()),
      buffer_(std::make_unique<std::uint8_t[]>(dns::message_size_max)),
      prepared_(std::make_unique<Prepared>()) {}

TcpServer::~TcpServer() {
  for (auto& listener : listeners_) loop_.unwatch(listener.fd());
  for (auto& [id, connection] : connections_) loop_.unwatch(connection.socket.fd());
}

Result<std::unique_ptr<TcpServer>> TcpServer::open(TcpServerOptions options,
                                                   const WorkerShared& shared,
                                                   net::EventLoop& loop) {
  std::unique_ptr<TcpServer> server{new TcpServer(std::move(options), shared, loop)};  // NOLINT
  auto started = server->start();
  if (!started) return tl::unexpected(std::move(started).error());
  return server;
}

Result<void> TcpServer::start() {
  for (const auto& address : options_.listen) {
    auto listener = shared_.sockets != nullptr ? shared_.sockets->tcp({.address = address})
                                               : net::TcpListener::listen({.address = address});
    if (!listener) {
      return propagate(std::move(listener).error(), "listen on TCP " + to_string(address));
    }
    listeners_.push_back(std::move(*listener));
  }
  for (auto& listener : listeners_) {
    auto watched = loop_.watch(listener.fd(), {.readable = true},
                               [this, &listener](net::Readiness) { accept(listener); });
    if (!watched) return watched;
  }
  tick();
  return {};
}

Engine::Batch TcpServer::begin_batch() { return {engine_, shared_.clock.steady_ms()}; }

void TcpServer::accept(net::TcpListener& listener) {
  while (auto socket = listener.accept()) {
    if (connections_.size() >= tcp_connections_max) {
      counters_.add(Count::tcp_refused);
      continue;  // closes it
    }
    counters_.add(Count::tcp_connections);
    const std::uint64_t id = next_connection_++;
    auto& connection = connections_[id];
    connection.socket = std::move(*socket);
    connection.source =
        policy::AddressKey::of(connection.socket.peer_address().ip.unmapped().octets());
    connection.entry =
        policy::entry_point(policy::EntryKind::listener, to_string(listener.local_address()));
    connection.active_at_ms = shared_.clock.steady_ms();
    auto watched = loop_.watch(connection.socket.fd(), {.readable = true},
                               [this, id](net::Readiness readiness) { ready(id, readiness); });
    if (!watched) connections_.erase(id);
  }
}

void TcpServer::close(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.unwatch(found->second.socket.fd());
  connections_.erase(found);
}

void TcpServer::ready(std::uint64_t id, net::Readiness readiness) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (readiness.readable || readiness.closed) {
    const auto moved = connection.socket.read_some({buffer_.get(), dns::message_size_max});
    if (moved.state == net::TcpSocket::State::closed) return close(id);
    if (moved.state == net::TcpSocket::State::moved) {
      connection.in.insert(connection.in.end(), buffer_.get(), buffer_.get() + moved.size);
    }
  }
  serve(id, connection);
}

void TcpServer::serve(std::uint64_t id, Connection& connection) {
  const auto batch = begin_batch();
  std::size_t at = 0;
  ClientRef client;
  client.connection = id;
  client.source = connection.source;
  client.entry = connection.entry;
  while (connection.under_way < tcp_pipelined_max && connection.in.size() - at >= length_size) {
    const std::size_t size = dns::load_u16(connection.in, at);
    if (size > tcp_query_size_max) return close(id);
    if (connection.in.size() - at - length_size < size) break;
    connection.active_at_ms = shared_.clock.steady_ms();
    engine_.prepare(Bytes{connection.in}.subspan(at + length_size, size), Transport::tcp,
                    *prepared_);
    ++connection.under_way;  // before handle(): the answer may come at once through the sink
    const std::size_t answer_size =
        engine_.handle(*prepared_, Transport::tcp, client, {buffer_.get(), dns::message_size_max});
    at += length_size + size;
    if (answer_size != 0) {
      --connection.under_way;
      append_message(connection.out, {buffer_.get(), answer_size});
    }
  }
  connection.in.erase(connection.in.begin(),
                      connection.in.begin() + static_cast<std::ptrdiff_t>(at));
  streams_.flush(shared_.clock.steady_ms());
  if (!flush(connection)) return close(id);
  watch_for(connection);
}

bool TcpServer::flush(Connection& connection) {
  std::size_t sent = 0;
  while (sent < connection.out.size()) {
    const auto moved = connection.socket.write_some(Bytes{connection.out}.subspan(sent));
    if (moved.state == net::TcpSocket::State::closed) return false;
    if (moved.state == net::TcpSocket::State::would_block) break;
    sent += moved.size;
  }
  connection.out.erase(connection.out.begin(),
                       connection.out.begin() + static_cast<std::ptrdiff_t>(sent));
  return connection.out.size() <= tcp_unsent_size_max;
}

void TcpServer::watch_for(Connection& connection) {
  const bool reads = connection.under_way < tcp_pipelined_max && !drained_;
  (void)loop_.change(connection.socket.fd(),
                     {.readable = reads, .writable = !connection.out.empty()});
}

// Called by the engine, which may be in serve() of the same connection: nothing is closed here.
void TcpServer::answer(const ClientRef& client, Bytes message) {
  const auto found = connections_.find(client.connection);
  if (found == connections_.end()) return;  // gone meanwhile
  Connection& connection = found->second;
  append_message(connection.out, message);
  connection.active_at_ms = shared_.clock.steady_ms();
  // A connection at its limit of pipelined queries may hold more in its buffer: look again.
  if (connection.under_way == tcp_pipelined_max && !connection.in.empty()) {
    (void)loop_.after(0, [this, id = client.connection] { ready(id, {}); });
  }
  if (connection.under_way != 0) --connection.under_way;
  (void)flush(connection);
  watch_for(connection);
}

std::optional<std::uint16_t> TcpServer::ask(const Ask& ask, Bytes query) {
  if (ask.over_tcp) return streams_.ask(ask.upstream, query, shared_.clock.steady_ms());
  const auto port = ports_.pick(ask.upstream, random_.next_u64());
  if (!port || !ports_.socket(*port)->send(query)) return std::nullopt;
  return port;
}

void TcpServer::upstream_datagram(std::uint16_t port) {
  const auto batch = begin_batch();
  net::UdpSocket* socket = ports_.socket(port);
  if (socket == nullptr) return;
  while (const auto received = socket->receive({buffer_.get(), dns::message_size_max})) {
    if (received->size > dns::message_size_max) continue;
    engine_.upstream_answered(port, false, {buffer_.get(), received->size});
  }
  streams_.flush(shared_.clock.steady_ms());
}

UpstreamStreams::Hooks TcpServer::stream_hooks() {
  return {
      .watch =
          [this](int fd, std::uint16_t port, net::Readiness interest, bool first) {
            if (!first) {
              (void)loop_.change(fd, interest);
              return;
            }
            (void)loop_.watch(fd, interest, [this, port](net::Readiness) {
              const auto batch = begin_batch();
              const std::int64_t now_ms = shared_.clock.steady_ms();
              streams_.ready(port, now_ms);
              streams_.flush(now_ms);
            });
          },
      .unwatch = [this](int fd) { loop_.unwatch(fd); },
      .answered =
          [this](std::uint16_t port, std::span<std::uint8_t> message) {
            engine_.upstream_answered(port, true, message);
          },
      .failed = [this](std::uint16_t port,
                       UpstreamFailure failure) { engine_.upstream_failed(port, true, failure); }};
}

std::size_t TcpServer::notify(Bytes message, const ClientRef& client, std::span<std::uint8_t> out) {
  const auto found = connections_.find(client.connection);
  if (!shared_.notify || found == connections_.end()) return 0;
  return shared_.notify(message, found->second.socket.peer_address().ip.unmapped(), out);
}

void TcpServer::drain(std::function<void()> done) {
  drained_ = std::move(done);
  drain_until_ms_ = shared_.clock.steady_ms() + drain_ms;
  for (auto& listener : listeners_) loop_.unwatch(listener.fd());
  for (auto& [id, connection] : connections_) watch_for(connection);
}

void TcpServer::look_drained(std::int64_t now_ms) {
  if (!drained_) return;
  const bool all = std::ranges::all_of(connections_, [](const auto& item) {
    return item.second.under_way == 0 && item.second.out.empty();
  });
  if (all || now_ms >= drain_until_ms_) std::exchange(drained_, nullptr)();
}

void TcpServer::tick() {
  counters_.add(Count::rounds);
  const std::int64_t now_ms = shared_.clock.steady_ms();
  ports_.renew(now_ms);
  const auto batch = begin_batch();
  engine_.tick();
  std::vector<std::uint64_t> idle;
  for (const auto& [id, connection] : connections_) {
    if (now_ms - connection.active_at_ms > tcp_idle_ms) idle.push_back(id);
  }
  for (const std::uint64_t id : idle) {
    counters_.add(Count::tcp_closed_idle);
    close(id);
  }
  if (now_ms - streams_seen_ms_ >= streams_look_ms) {
    streams_seen_ms_ = now_ms;
    streams_.tick(now_ms);
  }
  streams_.flush(now_ms);
  look_drained(now_ms);
  (void)loop_.after(std::max<std::int64_t>(engine_.wait_ms(tick_ms), 1), [this] { tick(); });
}

}  // namespace khien::resolver
