#include "resolver/stream_server.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "resolver/doh_session.h"
#include "resolver/length_framing.h"

namespace khien::resolver {
namespace {

constexpr std::int64_t tick_ms = 50;
constexpr std::int64_t late_look_ms = 250;       // how exact timeouts of connections are
constexpr std::int64_t upstreams_look_ms = 500;  // how often idle and silent ones are looked for
constexpr std::int64_t accept_pause_ms = 100;    // when no descriptor is left
constexpr std::size_t in_size = 65'536;

bool same(net::Readiness a, net::Readiness b) noexcept {
  return a.readable == b.readable && a.writable == b.writable;
}

Transport transport_of(StreamKind kind) noexcept {
  switch (kind) {
    case StreamKind::dot: return Transport::dot;
    case StreamKind::doh: return Transport::doh;
    default: return Transport::tcp;
  }
}

}  // namespace

using Phase = StreamConnection::Phase;
using Step = StreamConnection::Step;

StreamServer::StreamServer(StreamServerOptions options, const WorkerShared& shared,
                           net::EventLoop& loop, TlsIdentity* tls)
    : options_(std::move(options)),
      shared_(shared),
      loop_(loop),
      counters_(options_.engine.counting),
      engine_(options_.engine, shared_.rules, shared_.ready, shared_.rng, *this, counters_),
      random_(shared_.rng),
      ports_(
          options_.upstreams,
          [this](int fd, std::uint16_t port) {
            (void)loop_.watch(fd, {.readable = true},
                              [this, port](net::Readiness) { upstream_datagram(port); });
          },
          [this](int fd, std::uint16_t) { loop_.unwatch(fd); }),
      upstream_streams_(options_.upstreams, options_.upstream_tls, upstream_hooks()),
      limits_(options_.limits.prefix),
      doh_paths_([this](std::string_view path) {
        return std::ranges::find(options_.doh_paths, path) != options_.doh_paths.end() ||
               engine_.knows(policy::entry_point(policy::EntryKind::doh_path, path));
      }),
      in_buffer_(std::make_unique<std::uint8_t[]>(in_size)),
      out_buffer_(std::make_unique<std::uint8_t[]>(dns::message_size_max)),
      prepared_(std::make_unique<Prepared>()) {
  if (tls != nullptr) tls_.emplace(tls->contexts());
}

StreamServer::~StreamServer() {
  for (auto& listener : listeners_) loop_.unwatch(listener->socket.fd());
  for (auto& [id, connection] : connections_) loop_.unwatch(connection->fd());
}

Result<std::unique_ptr<StreamServer>> StreamServer::open(StreamServerOptions options,
                                                         const WorkerShared& shared,
                                                         net::EventLoop& loop, TlsIdentity* tls) {
  std::unique_ptr<StreamServer> server{
      new StreamServer(std::move(options), shared, loop, tls)};  // NOLINT
  if (auto started = server->start(); !started) return tl::unexpected(std::move(started).error());
  return server;
}

Result<void> StreamServer::start() {
  for (const StreamListener& wanted : options_.listen) {
    if (wanted.kind != StreamKind::plain && !tls_) {
      return fail(ErrorCode::invalid_argument, "DoT and DoH need --tls-cert and --tls-key");
    }
    const net::BindOptions bind{.address = wanted.address, .sharing = options_.sharing};
    auto socket =
        shared_.sockets != nullptr ? shared_.sockets->tcp(bind) : net::TcpListener::listen(bind);
    if (!socket) {
      return propagate(std::move(socket).error(), "listen on TCP " + to_string(wanted.address));
    }
    const auto entry =
        policy::entry_point(policy::EntryKind::listener, to_string(socket->local_address()));
    listeners_.push_back(std::make_unique<Listener>(
        Listener{.socket = std::move(*socket), .kind = wanted.kind, .entry = entry}));
  }
  for (auto& listener : listeners_) {
    auto watched = loop_.watch(listener->socket.fd(), {.readable = true},
                               [this, at = listener.get()](net::Readiness) { accept(*at); });
    if (!watched) return watched;
  }
  tick();
  return {};
}

std::vector<net::SocketAddress> StreamServer::local_addresses() const {
  std::vector<net::SocketAddress> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->socket.local_address());
  return addresses;
}

Engine::Batch StreamServer::begin_batch() { return {engine_, shared_.clock.steady_ms()}; }

std::int64_t StreamServer::idle_ms_of(StreamKind kind) const noexcept {
  return kind == StreamKind::plain ? options_.limits.idle_ms : options_.limits.encrypted_idle_ms;
}

// ---- connections come and go ----

void StreamServer::accept(Listener& listener) {
  errno = 0;
  while (auto socket = listener.socket.accept()) {
    if (connections_.size() >= options_.limits.connections_max) {
      counters_.add(Count::stream_refused_total);
      continue;  // closes it
    }
    const Id id = next_connection_++;
    const auto [place, _] =
        connections_.emplace(id, std::make_unique<StreamConnection>(
                                     std::move(*socket), listener.kind, shared_.clock.steady_ms()));
    StreamConnection& connection = *place->second;
    connection.watched_for = {.readable = true};
    connection.listener = listener.entry;
    const bool watched = loop_
                             .watch(connection.fd(), connection.watched_for,
                                    [this, id](net::Readiness readiness) { ready(id, readiness); })
                             .has_value();
    const bool is_proxy = options_.proxies.contain(
        policy::AddressKey::of(connection.source().ip.unmapped().octets()));
    if (!watched || (!is_proxy && !begin(connection))) close(id);
    errno = 0;
  }
  // The connection that we have no descriptor for stays in the queue, and so would the event.
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause(listener);
}

void StreamServer::pause(Listener& listener) {
  counters_.add(Count::stream_accept_paused);
  (void)loop_.change(listener.socket.fd(), {});
  (void)loop_.after(accept_pause_ms, [this, at = &listener] {
    (void)loop_.change(at->socket.fd(), {.readable = true});
  });
}

bool StreamServer::admit(StreamConnection& connection) {
  const auto cost = connection.kind() == StreamKind::plain ? PrefixLimits::Cost::connection
                                                           : PrefixLimits::Cost::handshake;
  using Admission = PrefixLimits::Admission;
  switch (limits_.admit(connection.source().ip, cost, shared_.clock.steady_ms())) {
    case Admission::admitted: connection.admitted = true; return true;
    case Admission::too_many_open: counters_.add(Count::stream_refused_prefix); break;
    case Admission::too_fast: counters_.add(Count::stream_refused_rate); break;
    case Admission::table_full: counters_.add(Count::stream_refused_table); break;
  }
  return false;
}

// The client is known now: admits it, and begins TLS or the messages.
bool StreamServer::begin(StreamConnection& connection) {
  if (!admit(connection)) return false;
  switch (connection.kind()) {
    case StreamKind::plain: counters_.add(Count::streams_tcp); return open_framing(connection);
    case StreamKind::dot: counters_.add(Count::streams_dot); break;
    case StreamKind::doh: counters_.add(Count::streams_doh); break;
  }
  tls_->refresh();
  const TlsContexts& contexts = *tls_->value();
  return connection.secure(connection.kind() == StreamKind::dot ? contexts.dot : contexts.doh);
}

bool StreamServer::open_framing(StreamConnection& connection) {
  if (connection.kind() != StreamKind::doh) {
    connection.open(std::make_unique<LengthFraming>());
    return true;
  }
  auto session = DohSession::open(doh_paths_, counters_);
  if (!session) return false;
  connection.open(std::move(session));
  return true;
}

void StreamServer::close(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_.unwatch(found->second->fd());
  if (found->second->admitted) limits_.release(found->second->source().ip);
  connections_.erase(found);
}

void StreamServer::close_late() {
  const std::int64_t now_ms = shared_.clock.steady_ms();
  if (now_ms - looked_for_late_ms_ < late_look_ms) return;
  looked_for_late_ms_ = now_ms;
  limits_.forget(now_ms);
  std::vector<Id> late;
  for (const auto& [id, connection] : connections_) {
    const std::int64_t silent_ms = now_ms - connection->active_at_ms;
    const bool is_open = connection->phase() == Phase::open;
    if (silent_ms <= (is_open ? idle_ms_of(connection->kind()) : options_.limits.handshake_ms)) {
      continue;
    }
    counters_.add(is_open ? Count::stream_closed_idle : Count::stream_closed_handshake);
    late.push_back(id);
  }
  for (const Id id : late) {
    StreamConnection& connection = *connections_.at(id);
    if (connection.phase() == Phase::open) {
      connection.framing()->say_goodbye();
      (void)connection.flush();
    }
    close(id);
  }
}

// ---- one connection is ready ----

void StreamServer::ready(Id id, net::Readiness readiness) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  StreamConnection& connection = *found->second;
  const auto batch = begin_batch();
  const bool stays = advance(id, connection);
  // Whoever is at a limit is not read from, so his goodbye would be told again and again.
  const bool is_deaf = connection.phase() == Phase::open && !connection.framing()->wants_octets();
  if (!stays || (readiness.closed && is_deaf)) close(id);
  settle();
}

bool StreamServer::advance(Id id, StreamConnection& connection) {
  if (connection.phase() == Phase::proxy && !read_proxy(connection)) return false;
  if (connection.phase() == Phase::handshake && !shake(connection)) return false;
  if (connection.phase() == Phase::open) return serve(id, connection);
  watch_for(connection);
  return true;
}

bool StreamServer::read_proxy(StreamConnection& connection) {
  switch (connection.read_proxy()) {
    case Step::wait: return true;
    case Step::failed: counters_.add(Count::proxy_refused); return false;
    default: break;
  }
  counters_.add(Count::proxy_accepted);
  return begin(connection);
}

bool StreamServer::shake(StreamConnection& connection) {
  switch (connection.shake()) {
    case Step::wait: return true;
    case Step::failed: counters_.add(Count::tls_failed); return false;
    default: break;
  }
  counters_.add(connection.socket().is_resumed() ? Count::tls_resumed : Count::tls_full);
  // HTTP/2 alone, and by ALPN (RFC 9113 section 3.2).
  if (connection.kind() == StreamKind::doh && connection.socket().alpn() != "h2") {
    counters_.add(Count::tls_no_alpn);
    return false;
  }
  connection.active_at_ms = shared_.clock.steady_ms();
  const std::string_view name = connection.socket().server_name();
  if (!name.empty()) {
    connection.server_name = policy::entry_point(policy::EntryKind::dot_name, name);
  }
  return open_framing(connection);
}

bool StreamServer::serve(Id id, StreamConnection& connection) {
  serving_ = id;
  serving_connection_ = &connection;
  const Step step = connection.read({in_buffer_.get(), in_size}, *this);
  serving_ = 0;
  serving_connection_ = nullptr;
  if (step == Step::failed) {
    (void)connection.flush();  // a GOAWAY, and answers that are ready
    return false;
  }
  // What lies decrypted in memory makes no event.
  if (step == Step::done) (void)loop_.after(0, [this, id] { ready(id, {}); });
  return send(id, connection);
}

bool StreamServer::send(Id id, StreamConnection& connection) {
  do {
    if (!connection.flush()) {
      if (connection.framing()->unsent_size() > stream_unsent_size_max) {
        counters_.add(Count::stream_closed_unsent);
      }
      return false;
    }
    if (!connection.framing()->holds_queries() || !connection.framing()->wants_octets()) break;
    serving_ = id;
    serving_connection_ = &connection;
    const bool good = connection.resume(*this);
    serving_ = 0;
    serving_connection_ = nullptr;
    if (!good) return false;
  } while (connection.framing()->unsent_size() != 0 && connection.framing()->wants_octets());
  if (!connection.watched_for.readable && connection.interest().readable &&
      connection.socket().has_pending()) {
    (void)loop_.after(0, [this, id] { ready(id, {}); });
  }
  watch_for(connection);
  return true;
}

// ---- queries and answers ----

// What the client chose, the path before the name, if a network is known by it; else the listener.
policy::EntryPoint StreamServer::entry_of(const StreamConnection& connection,
                                          std::string_view path) const noexcept {
  if (!path.empty()) {
    const auto entry = policy::entry_point(policy::EntryKind::doh_path, path);
    if (engine_.knows(entry)) return entry;
  }
  return engine_.knows(connection.server_name) ? connection.server_name : connection.listener;
}

QueryTaker::Outcome StreamServer::take(const Query& query) {
  StreamConnection& connection = *serving_connection_;
  connection.active_at_ms = shared_.clock.steady_ms();
  const Transport transport = transport_of(connection.kind());
  engine_.prepare(query.message, transport, *prepared_);
  ClientRef client;
  client.connection = serving_;
  client.stream = query.tag;
  client.source = policy::AddressKey::of(connection.source().ip.unmapped().octets());
  client.entry = entry_of(connection, query.path);
  // HTTP has its own ways to keep a connection.
  client.keepalive =
      prepared_->query.has_edns && transport != Transport::doh && wants_keepalive(query.message);
  if (transport == Transport::dot) counters_.add(Count::queries_dot);
  if (transport == Transport::doh) counters_.add(Count::queries_doh);
  const std::span<std::uint8_t> out{out_buffer_.get(), dns::message_size_max};
  std::size_t size = engine_.handle(*prepared_, transport, client, out);
  if (size == 0) {
    if (prepared_->query.fault == Fault::drop) return Outcome::never;
    if (prepared_->query.fault == Fault::notify) drop(client);  // one that cannot be read
    return Outcome::later;
  }
  if (client.keepalive) size = add_keepalive(idle_ms_of(connection.kind()), out, size);
  connection.framing()->answer(query.tag, Bytes{out}.first(size));
  return Outcome::now;
}

// Called by the engine, which may be in take() of the same connection: nothing is closed or sent
// here.
void StreamServer::answer(const ClientRef& client, Bytes message) {
  const auto found = connections_.find(client.connection);
  if (found == connections_.end()) return;  // gone meanwhile
  StreamConnection& connection = *found->second;
  connection.active_at_ms = shared_.clock.steady_ms();
  if (client.keepalive) {
    const std::span<std::uint8_t> out{out_buffer_.get(), dns::message_size_max};
    std::memcpy(out.data(), message.data(), message.size());
    message = Bytes{out}.first(add_keepalive(idle_ms_of(connection.kind()), out, message.size()));
  }
  connection.framing()->answer(client.stream, message);
  make_dirty(client.connection, connection);
}

// Like answer(). Not active_at_ms: who asks for nothing but what is dropped is idle.
void StreamServer::drop(const ClientRef& client) {
  const auto found = connections_.find(client.connection);
  if (found == connections_.end()) return;
  found->second->framing()->drop(client.stream);
  make_dirty(client.connection, *found->second);
}

void StreamServer::make_dirty(Id id, StreamConnection& connection) {
  if (connection.dirty) return;
  connection.dirty = true;
  dirty_.push_back(id);
}

void StreamServer::flush_dirty() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {  // send() may add some
    const Id id = dirty_[i];
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second->dirty = false;
    if (!send(id, *found->second)) close(id);
  }
  dirty_.clear();
}

std::size_t StreamServer::notify(Bytes message, const ClientRef& client,
                                 std::span<std::uint8_t> out) {
  const auto found = connections_.find(client.connection);
  if (!shared_.notify || found == connections_.end()) return 0;
  return shared_.notify(message, found->second->source().ip.unmapped(), out);
}

void StreamServer::drain(std::function<void()> done) {
  drained_ = std::move(done);
  drain_until_ms_ = shared_.clock.steady_ms() + drain_ms;
  for (auto& listener : listeners_) loop_.unwatch(listener->socket.fd());
  for (auto& [id, connection] : connections_) {
    if (connection->phase() == Phase::open) {
      connection->framing()->say_goodbye();
      (void)connection->flush();  // who is gone is found when its answers are sent
    }
    watch_for(*connection);
  }
}

void StreamServer::look_drained(std::int64_t now_ms) {
  if (!drained_) return;
  const bool all = std::ranges::all_of(connections_, [](const auto& item) {
    StreamFraming* framing = item.second->framing();
    return framing == nullptr || (framing->under_way() == 0 && framing->unsent_size() == 0);
  });
  if (all || now_ms >= drain_until_ms_) std::exchange(drained_, nullptr)();
}

void StreamServer::watch_for(StreamConnection& connection) {
  net::Readiness interest = connection.interest();
  interest.readable = interest.readable && !drained_;
  if (same(interest, connection.watched_for)) return;
  connection.watched_for = interest;
  (void)loop_.change(connection.fd(), interest);
}

void StreamServer::tick() {
  counters_.add(Count::rounds);
  const std::int64_t now_ms = shared_.clock.steady_ms();
  ports_.renew(now_ms);
  const auto batch = begin_batch();
  engine_.tick();
  close_late();
  if (now_ms - upstreams_seen_ms_ >= upstreams_look_ms) {
    upstreams_seen_ms_ = now_ms;
    upstream_streams_.tick(now_ms);
  }
  settle();
  look_drained(now_ms);
  (void)loop_.after(std::max<std::int64_t>(engine_.wait_ms(tick_ms), 1), [this] { tick(); });
}

}  // namespace khien::resolver
