#include "publish/primary.h"

#include <poll.h>

#include <algorithm>

#include "base/log.h"

namespace khien::publish {
namespace {

constexpr std::size_t length_size = 2;  // before each message over TCP

Octets framed(Bytes message) {
  Octets out;
  out.reserve(length_size + message.size());
  dns::append_u16(out, static_cast<std::uint16_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

/// Writes all of `data`, waiting for the peer up to send_timeout_ms in total.
bool write_blocking(net::TcpSocket& socket, Bytes data, const Clock& clock,
                    const std::stop_token& stop) {
  constexpr std::int64_t poll_step_ms = 200;  // how late a stop is noticed
  const std::int64_t deadline_ms = clock.steady_ms() + send_timeout_ms;
  while (!data.empty()) {
    const auto moved = socket.write_some(data);
    if (moved.state == net::TcpSocket::State::closed) return false;
    if (moved.state == net::TcpSocket::State::moved) {
      data = data.subspan(moved.size);
      continue;
    }
    if (stop.stop_requested() || clock.steady_ms() >= deadline_ms) return false;
    pollfd waiting{.fd = socket.fd(), .events = POLLOUT, .revents = 0};
    static_cast<void>(::poll(&waiting, 1, poll_step_ms));
  }
  return true;
}

}  // namespace

Primary::Primary(ZoneSet& zones, const Clock& clock, Rng& rng, Metrics& metrics)
    : zones_(zones),
      clock_(clock),
      rng_(rng),
      counters_(metrics),
      progress_(clock),
      access_(std::make_shared<const Access>()) {}

Result<std::unique_ptr<Primary>> Primary::start(const PrimaryOptions& options, ZoneSet& zones,
                                                const Clock& clock, Rng& rng, Metrics& metrics) {
  std::unique_ptr<Primary> primary{new Primary{zones, clock, rng, metrics}};
  if (auto listening = primary->listen(options.listen); !listening) {
    return propagate(std::move(listening).error(), "start the zone primary");
  }
  if (auto watching = primary->watch(); !watching) {
    return propagate(std::move(watching).error(), "start the zone primary");
  }
  Primary* self = primary.get();
  for (std::size_t i = 0; i < transfers_max; ++i) {
    self->workers_.emplace_back([self](const std::stop_token& stop) { self->run_worker(stop); });
  }
  self->loop_thread_ = std::jthread{[self] { self->run_loop(); }};
  zones.set_listener([self](std::span<const ZoneSerial> serials) {
    for (const ZoneSerial& changed : serials) {
      const ZoneFacts* zone = find_zone(changed.zone);
      self->serve_serial(*zone);
      // A lost post is a late NOTIFY: the secondaries' refresh timer comes round.
      static_cast<void>(self->loop_->post([self, zone] { self->notifier_->zone_changed(*zone); }));
    }
  });
  for (const ZoneFacts& zone : all_zones()) self->serve_serial(zone);
  return primary;
}

Primary::~Primary() {
  zones_.set_listener({});
  jobs_.close();
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
  if (loop_) loop_->stop();
}

Result<void> Primary::listen(const net::SocketAddress& address) {
  // A free port must be free for both: TCP takes it first, UDP follows, a few times over.
  constexpr int attempts_max = 8;
  for (int attempt = 1;; ++attempt) {
    auto tcp = net::TcpListener::listen({.address = address});
    if (!tcp) return tl::unexpected(std::move(tcp).error());
    auto udp = net::UdpSocket::bind({.address = tcp->local_address()});
    if (udp) {
      tcp_.emplace(std::move(*tcp));
      udp_.emplace(std::move(*udp));
      address_ = tcp_->local_address();
      return {};
    }
    if (address.port != 0 || attempt == attempts_max) {
      return tl::unexpected(std::move(udp).error());
    }
  }
}

Result<void> Primary::watch() {
  auto loop = net::EventLoop::open(clock_);
  if (!loop) return tl::unexpected(std::move(loop).error());
  loop_ = std::move(*loop);
  notifier_ = std::make_unique<Notifier>(NotifierParts{.loop = *loop_,
                                                       .socket = *udp_,
                                                       .zones = zones_,
                                                       .clock = clock_,
                                                       .rng = rng_,
                                                       .counters = counters_,
                                                       .progress = progress_});
  notifier_->set_access(access_.get());
  auto udp =
      loop_->watch(udp_->fd(), {.readable = true}, [this](net::Readiness) { serve_datagrams(); });
  if (!udp) return udp;
  return loop_->watch(tcp_->fd(), {.readable = true},
                      [this](net::Readiness) { accept_connections(); });
}

void Primary::serve_serial(const ZoneFacts& zone) {
  progress_.zone_served(zone, zones_.serial(zone).value_or(0));
}

Result<void> Primary::set_access(Access access) {
  if (auto checked = check(access); !checked) return checked;
  progress_.set_followers(access);
  access_.publish(std::make_shared<const Access>(std::move(access)));
  const bool posted = loop_->post([this] {
    notifier_->set_access(access_.get());
    for (const ZoneFacts& zone : all_zones()) notifier_->zone_changed(zone);
  });
  if (!posted) return fail(ErrorCode::unavailable, "the primary is busy or ending");
  return {};
}

void Primary::run_loop() {
  try {
    loop_->run();
  } catch (const std::exception& error) {
    write_log(LogLevel::error, "primary_loop_failed", {{"what", error.what()}});
  }
}

Answer Primary::answer(Bytes message, const net::IpAddress& peer, Transport transport) {
  const auto access = access_.get();
  const QueryContext context{.zones = zones_,
                             .access = *access,
                             .counters = counters_,
                             .now_s = clock_.now_ms() / ms_per_second};
  Answer made = answer_query(context, {.message = message, .peer = peer, .transport = transport});
  if (made.claimed) progress_.seen(*made.claimed);
  if (made.seen) {
    progress_.seen(*made.seen);
    notifier_->serial_seen(*made.seen);
  }
  return made;
}

void Primary::serve_datagrams() {
  std::array<std::uint8_t, query_size_max> buffer;
  for (std::size_t i = 0; i < datagrams_a_turn; ++i) {
    const auto received = udp_->receive(buffer);
    if (!received) return;
    if (received->size > buffer.size()) continue;  // cut: nobody asks with so much
    const Bytes message = Bytes{buffer}.first(received->size);
    if (notifier_->take_response(message, received->peer)) continue;
    const Answer reply = answer(message, received->peer.ip, Transport::udp);
    if (!reply.reply.empty()) udp_->send_to(reply.reply, received->peer);
  }
}

void Primary::accept_connections() {
  while (auto socket = tcp_->accept()) {
    const net::IpAddress peer = socket->peer_address().ip.unmapped();
    const auto client = clients_.find(peer);
    const bool client_is_full =
        client != clients_.end() && client->second >= connections_per_client_max;
    if (connection_count_ >= connections_max || client_is_full) {
      counters_.connections_refused.add();
      continue;  // closes it
    }
    ++connection_count_;
    ++clients_[peer];
    counters_.connections_open.set(static_cast<std::int64_t>(connection_count_));
    adopt(std::move(*socket), peer);
  }
}

/// Begins, or goes on, to read queries from a connection that is already counted.
void Primary::adopt(net::TcpSocket socket, const net::IpAddress& peer) {
  const int fd = socket.fd();
  Connection& connection = connections_[fd];
  connection.peer = peer;
  connection.socket = std::move(socket);
  const auto watching =
      loop_->watch(fd, {.readable = true}, [this, fd](net::Readiness) { serve_connection(fd); });
  if (!watching) {
    close(fd);
    return;
  }
  restart_idle_timer(connection);
}

void Primary::adopt_returned() {
  std::vector<Returned> all;
  all.swap(*returned_.lock());
  for (Returned& one : all) {
    if (one.seen) notifier_->serial_seen(*one.seen);
    if (one.socket.valid()) {
      adopt(std::move(one.socket), one.peer);
    } else {
      uncount(one.peer);
    }
  }
}

void Primary::restart_idle_timer(Connection& connection) {
  loop_->cancel(connection.idle_timer);
  const int fd = connection.socket.fd();
  const auto timer = loop_->after(idle_timeout_ms, [this, fd] {
    counters_.connections_timed_out.add();
    close(fd);
  });
  connection.idle_timer = timer ? *timer : 0;
}

void Primary::close(int fd) {
  const auto known = connections_.find(fd);
  if (known == connections_.end()) return;
  loop_->cancel(known->second.idle_timer);
  loop_->unwatch(fd);
  const net::IpAddress peer = known->second.peer;
  connections_.erase(known);
  uncount(peer);
}

void Primary::uncount(const net::IpAddress& peer) {
  const auto client = clients_.find(peer);
  if (client != clients_.end() && --client->second == 0) clients_.erase(client);
  --connection_count_;
  counters_.connections_open.set(static_cast<std::int64_t>(connection_count_));
}

void Primary::serve_connection(int fd) {
  const auto known = connections_.find(fd);
  if (known == connections_.end()) return;
  Connection& connection = known->second;
  std::array<std::uint8_t, query_size_max> buffer;
  const auto moved = connection.socket.read_some(buffer);
  if (moved.state == net::TcpSocket::State::closed) {
    close(fd);
    return;
  }
  if (moved.state == net::TcpSocket::State::moved) {
    const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(moved.size);
    connection.in.insert(connection.in.end(), buffer.begin(), end);
  }
  if (!write_out(connection)) {
    close(fd);
    return;
  }
  if (!serve_queries(connection)) close(fd);
}

/// Answers the whole queries that are there. False if the connection must be closed. May hand the
/// connection over to a worker, after which it is gone from here.
bool Primary::serve_queries(Connection& connection) {
  while (connection.out.empty() && connection.in.size() >= length_size) {
    const std::size_t size = dns::load_u16(connection.in, 0);
    if (size > query_size_max) return false;
    if (size > connection.in.size() - length_size) break;
    const Octets message{connection.in.begin() + length_size,
                         connection.in.begin() + static_cast<std::ptrdiff_t>(length_size + size)};
    connection.in.erase(connection.in.begin(),
                        connection.in.begin() + static_cast<std::ptrdiff_t>(length_size + size));
    Answer reply = answer(message, connection.peer, Transport::tcp);
    if (reply.transfer) {
      // Queries behind it would be answered out of turn; nobody sends any (RFC 5936 section 4.1.1).
      if (!connection.in.empty()) return false;
      begin_transfer(connection.socket.fd(), std::move(*reply.transfer));
      return true;
    }
    if (reply.reply.empty()) return false;
    connection.out = framed(reply.reply);
    restart_idle_timer(connection);
    if (!write_out(connection)) return false;
  }
  return connection.in.size() <= query_size_max + length_size;
}

/// False if the peer is gone.
bool Primary::write_out(Connection& connection) {
  while (!connection.out.empty()) {
    const auto moved = connection.socket.write_some(connection.out);
    if (moved.state == net::TcpSocket::State::closed) return false;
    if (moved.state == net::TcpSocket::State::would_block) break;
    connection.out.erase(connection.out.begin(),
                         connection.out.begin() + static_cast<std::ptrdiff_t>(moved.size));
  }
  const net::Readiness interest{.readable = connection.out.empty(),
                                .writable = !connection.out.empty()};
  return loop_->change(connection.socket.fd(), interest).has_value();
}

void Primary::begin_transfer(int fd, TransferOrder order) {
  const auto known = connections_.find(fd);
  KHIEN_ASSERT(known != connections_.end());
  loop_->cancel(known->second.idle_timer);
  loop_->unwatch(fd);
  auto job = std::make_unique<Job>();
  job->socket = std::move(known->second.socket);
  job->peer = known->second.peer;
  job->order = std::move(order);
  connections_.erase(known);
  const net::IpAddress peer = job->peer;
  if (!jobs_.push(std::move(job))) uncount(peer);  // closed: the primary is ending
}

/// What the peer has after it; nullopt if the transfer broke off.
std::optional<SerialSeen> Primary::send(Job& job, const std::stop_token& stop) {
  const auto sink = [&](Bytes message) {
    return write_blocking(job.socket, framed(message), clock_, stop);
  };
  const TransferOutcome outcome = send_transfer(zones_, clock_, job.order, sink);
  (outcome.incremental ? counters_.ixfr : counters_.axfr).add();
  if (!outcome.complete) {
    counters_.transfers_failed.add();
    progress_.transfer_failed(job.order.follower, *job.order.zone);
    return std::nullopt;
  }
  SerialSeen seen{.zone = job.order.zone,
                  .serial = outcome.serial,
                  .peer = job.peer,
                  .how = outcome.incremental ? Learnt::changes : Learnt::whole,
                  .follower = job.order.follower};
  if (job.order.key) seen.key = job.order.key->name;
  progress_.seen(seen);
  return seen;
}

void Primary::run_worker(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds wait{500};
  while (!stop.stop_requested()) {
    const auto job = jobs_.pop(wait);
    if (!job) continue;
    std::optional<SerialSeen> seen;
    try {
      seen = send(**job, stop);
    } catch (const std::exception& error) {
      write_log(LogLevel::error, "transfer_failed", {{"what", error.what()}});
    }
    Returned back{.socket = {}, .peer = (*job)->peer, .seen = seen};
    if (seen) back.socket = std::move((*job)->socket);
    returned_.lock()->push_back(std::move(back));
    static_cast<void>(loop_->post([this] { adopt_returned(); }));
  }
}

}  // namespace khien::publish
