// Primary: connections, plain and under TLS, and the queries on them. All on the loop's thread.
#include "base/log.h"
#include "publish/primary.h"
#include "publish/primary_framing.h"

namespace khien::publish {

using State = net::StreamSocket::State;

constexpr int reads_a_turn = 16;  // of one connection

void Primary::accept_connections(net::TcpListener& listener) {
  const bool is_tls = tls_ && &listener == &tls_->tcp;
  while (auto socket = listener.accept()) {
    const net::IpAddress peer = socket->peer_address().ip.unmapped();
    const auto client = clients_.find(peer);
    const bool client_is_full =
        client != clients_.end() && client->second >= connections_per_client_max;
    // A handshake is much work for somebody whom no rule could let in.
    const bool is_in_vain = is_tls && !access_.get()->may_come_from(peer);
    if (connection_count_ >= connections_max || client_is_full || is_in_vain) {
      counters_.connections_refused.add();
      continue;  // closes it
    }
    Connection connection{.socket = {}, .peer = peer};
    if (is_tls) {
      auto stream = net::StreamSocket::server(std::move(*socket), identity_->context());
      if (!stream) {
        write_log(LogLevel::warning, "zone_tls_failed", {{"why", stream.error().message}});
        continue;
      }
      connection.socket = std::move(*stream);
    } else {
      connection.socket = net::StreamSocket{std::move(*socket)};
    }
    ++connection_count_;
    ++clients_[peer];
    counters_.connections_open.set(static_cast<std::int64_t>(connection_count_));
    adopt(std::move(connection));
  }
}

/// Begins, or goes on, to read queries from a connection that is already counted.
void Primary::adopt(Connection given) {
  const int fd = given.socket.fd();
  given.wants = {.readable = true};
  Connection& connection = connections_[fd] = std::move(given);
  const auto watching =
      loop_->watch(fd, connection.wants, [this, fd](net::Readiness) { serve_connection(fd); });
  if (!watching) {
    close(fd);
    return;
  }
  restart_idle_timer(connection);
  // What came while a transfer was sent makes no descriptor readable.
  if (!connection.in.empty() || connection.socket.has_pending()) serve_connection(fd);
}

void Primary::adopt_returned() {
  std::vector<Returned> all;
  all.swap(*returned_.lock());
  for (Returned& one : all) {
    if (one.seen) notifier_->serial_seen(*one.seen);
    if (one.connection.socket.valid()) {
      adopt(std::move(one.connection));
    } else {
      uncount(one.connection.peer);
    }
  }
}

void Primary::restart_idle_timer(Connection& connection) {
  loop_->cancel(connection.idle_timer);
  const int fd = connection.socket.fd();
  const std::int64_t wait_ms =
      connection.socket.is_established() ? idle_timeout_ms : handshake_timeout_ms;
  const auto timer = loop_->after(wait_ms, [this, fd] {
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
  if (!known->second.socket.is_established()) counters_.handshakes_failed.add();
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
  After after = write_out(connection) ? After::again : After::close;
  for (int reads = 0; after == After::again && connection.out.empty(); ++reads) {
    if (reads == reads_a_turn) {  // others have their turn; no descriptor tells of what lies here
      const bool posted = loop_->post([this, fd] { serve_connection(fd); });
      after = posted ? After::waits : After::close;
      break;
    }
    const State read = read_in(connection);
    after = read == State::closed ? After::close : serve_queries(connection);
    if (after == After::handed_over) return;
    const bool has_more = read == State::moved && connection.socket.has_pending();
    if (after == After::waits && has_more) after = After::again;
  }
  if (after == After::close || !loop_->change(fd, connection.wants)) close(fd);
}

/// Reads once, which under TLS is a record at most, or a part of the handshake.
State Primary::read_in(Connection& connection) {
  std::array<std::uint8_t, query_size_max> buffer;
  const bool was_established = connection.socket.is_established();
  const auto moved = connection.socket.read_some(buffer);
  if (moved.state == State::closed) return moved.state;
  connection.wants = moved.state == State::would_block ? connection.socket.waits_for()
                                                       : net::Readiness{.readable = true};
  if (!was_established && connection.socket.is_established()) {
    connection.pin = connection.socket.peer_pin();
    restart_idle_timer(connection);
  }
  const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(moved.size);
  connection.in.insert(connection.in.end(), buffer.begin(), end);
  return moved.state;
}

/// Answers the whole queries that are there. May hand the connection over to a worker, after which
/// it is gone from here; queries behind the one for a transfer wait for its end.
Primary::After Primary::serve_queries(Connection& connection) {
  while (connection.out.empty() && connection.in.size() >= length_size) {
    const std::size_t size = dns::load_u16(connection.in, 0);
    if (size > query_size_max) return After::close;
    if (size > connection.in.size() - length_size) break;
    const auto end = connection.in.begin() + static_cast<std::ptrdiff_t>(length_size + size);
    const Octets message{connection.in.begin() + length_size, end};
    connection.in.erase(connection.in.begin(), end);
    Answer reply = answer({.message = message,
                           .peer = connection.peer,
                           .transport = Transport::tcp,
                           .pin = connection.pin});
    if (reply.transfer) {
      begin_transfer(connection.socket.fd(), std::move(*reply.transfer));
      return After::handed_over;
    }
    if (reply.reply.empty()) return After::close;
    connection.out = framed(reply.reply);
    restart_idle_timer(connection);
    if (!write_out(connection)) return After::close;
  }
  const bool fits = connection.in.size() <= query_size_max + length_size;
  return fits ? After::waits : After::close;
}

/// False if the peer is gone.
bool Primary::write_out(Connection& connection) {
  while (!connection.out.empty()) {
    const auto moved = connection.socket.write_some(connection.out);
    if (moved.state == State::closed) return false;
    if (moved.state == State::would_block) {
      connection.wants = connection.socket.waits_for();
      return true;
    }
    connection.out.erase(connection.out.begin(),
                         connection.out.begin() + static_cast<std::ptrdiff_t>(moved.size));
  }
  return true;
}

void Primary::begin_transfer(int fd, TransferOrder order) {
  const auto known = connections_.find(fd);
  KHIEN_ASSERT(known != connections_.end());
  loop_->cancel(known->second.idle_timer);
  loop_->unwatch(fd);
  auto job = std::make_unique<Job>();
  job->connection = std::move(known->second);
  job->order = std::move(order);
  connections_.erase(known);
  const net::IpAddress peer = job->connection.peer;
  if (!jobs_.push(std::move(job))) uncount(peer);  // closed: the primary is ending
}

}  // namespace khien::publish
