#include "resolver/upstream_streams.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/log.h"
#include "dns/wire.h"

namespace khien::resolver {
namespace {

constexpr std::size_t length_size = 2;  // RFC 1035 section 4.2.2
constexpr std::size_t in_size_max = length_size + dns::message_size_max;
constexpr std::size_t slots_max = 64;  // of 16 bits of a port's number; the rest count generations
constexpr std::size_t crowded = 32;    // questions under way until another connection is opened
constexpr int reads_max = 64;          // of one connection until others get a turn

}  // namespace

struct UpstreamStreams::Connection {
  net::StreamSocket socket = {};
  net::TlsSessionMemory session = {};
  std::unique_ptr<std::uint8_t[]> in = {};
  std::unique_ptr<std::uint8_t[]> out = {};
  std::size_t in_size = 0;
  std::size_t out_size = 0;
  std::size_t under_way = 0;
  std::int64_t opened_at_ms = 0;
  std::int64_t heard_at_ms = 0;  // or asked, when nothing was under way
  std::uint16_t upstream = 0;
  std::uint16_t slot = 0;
  std::uint16_t port = 0;
  bool open = false;
  bool connected = false;
  bool worked = false;  // it gave an answer
  bool unsent = false;  // since the last flush()
  bool more = false;    // octets lie decrypted in it
  net::Readiness interest = {};
};

UpstreamStreams::UpstreamStreams(std::vector<Upstream> upstreams,
                                 std::optional<net::TlsContext> context, Hooks hooks)
    : upstreams_(std::move(upstreams)),
      context_(std::move(context)),
      hooks_(std::move(hooks)),
      connections_(upstreams_.size() * streams_an_upstream_max),
      places_(upstreams_.size()),
      troubles_seen_(upstreams_.size()),
      troubles_(troubles_seen_) {
  KHIEN_ASSERT(connections_.size() <= slots_max);
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].slot = static_cast<std::uint16_t>(i);
    connections_[i].port = static_cast<std::uint16_t>(i);
    connections_[i].upstream = static_cast<std::uint16_t>(i / streams_an_upstream_max);
  }
}

UpstreamStreams::~UpstreamStreams() {
  for (Connection& connection : connections_) {
    if (connection.open) hooks_.unwatch(connection.socket.fd());
  }
}

std::span<UpstreamStreams::Connection> UpstreamStreams::connections_of(
    std::uint16_t upstream) noexcept {
  return std::span{connections_}.subspan(upstream * streams_an_upstream_max,
                                         streams_an_upstream_max);
}

std::size_t UpstreamStreams::open_count() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(connections_, true, &Connection::open));
}

std::string UpstreamStreams::trouble(std::size_t upstream) const {
  auto troubles = troubles_.lock();
  return (*troubles)[upstream];
}

void UpstreamStreams::set_trouble(std::size_t upstream, std::string why) {
  if (troubles_seen_[upstream] == why) return;
  if (why.empty()) {
    KHIEN_LOG(info, "upstream_connected", {"upstream", to_string(upstreams_[upstream])});
  } else {
    KHIEN_LOG(warning, "upstream_unreachable", {"upstream", to_string(upstreams_[upstream])},
              {"why", why});
  }
  troubles_seen_[upstream] = why;
  (*troubles_.lock())[upstream] = std::move(why);
}

UpstreamStreams::Connection* UpstreamStreams::open(std::uint16_t upstream, std::int64_t now_ms) {
  const auto its = connections_of(upstream);
  const auto free = std::ranges::find(its, false, &Connection::open);
  if (free == its.end() || now_ms < places_[upstream].closed_until_ms) return nullptr;
  Connection& connection = *free;
  const Upstream& peer = upstreams_[upstream];
  auto socket = net::TcpSocket::start_connect(peer.address);
  if (!socket) {
    set_trouble(upstream, socket.error().message);
    return nullptr;
  }
  if (peer.protocol == UpstreamProtocol::tls) {
    if (!context_) return nullptr;
    auto stream = net::StreamSocket::client(
        std::move(*socket), *context_,
        {.name = peer.tls_name, .pins = peer.pins, .memory = &connection.session});
    if (!stream) {
      set_trouble(upstream, stream.error().message);
      return nullptr;
    }
    connection.socket = std::move(*stream);
  } else {
    connection.socket = net::StreamSocket{std::move(*socket)};
  }
  if (!connection.in) {
    connection.in = std::make_unique<std::uint8_t[]>(in_size_max);
    connection.out = std::make_unique<std::uint8_t[]>(stream_unsent_max);
  }
  // A number that no question of an earlier connection has.
  connection.port = static_cast<std::uint16_t>(connection.port + slots_max);
  connection.in_size = connection.out_size = connection.under_way = 0;
  connection.opened_at_ms = connection.heard_at_ms = now_ms;
  connection.connected = connection.worked = connection.unsent = connection.more = false;
  connection.open = true;
  connection.interest = {.readable = true, .writable = true};
  hooks_.watch(connection.socket.fd(), connection.port, connection.interest, true);
  return &connection;
}

// The one with the least under way; another one is opened rather than crowding it.
UpstreamStreams::Connection* UpstreamStreams::best_of(std::uint16_t upstream, std::int64_t now_ms) {
  Connection* best = nullptr;
  for (Connection& connection : connections_of(upstream)) {
    if (!connection.open) continue;
    if (best == nullptr || connection.under_way < best->under_way) best = &connection;
  }
  if (best != nullptr && best->under_way < crowded) return best;
  Connection* fresh = open(upstream, now_ms);
  return fresh != nullptr ? fresh : best;
}

std::optional<std::uint16_t> UpstreamStreams::ask(std::uint16_t upstream, Bytes query,
                                                  std::int64_t now_ms) {
  Connection* connection = best_of(upstream, now_ms);
  if (connection == nullptr || connection->under_way >= stream_pipelined_max ||
      query.size() + length_size > stream_unsent_max - connection->out_size) {
    return std::nullopt;
  }
  const std::span out{connection->out.get(), stream_unsent_max};
  dns::store_u16(out, connection->out_size, static_cast<std::uint16_t>(query.size()));
  std::memcpy(out.data() + connection->out_size + length_size, query.data(), query.size());
  connection->out_size += length_size + query.size();
  if (connection->under_way++ == 0) connection->heard_at_ms = now_ms;
  connection->unsent = true;
  dirty_ = true;
  return connection->port;
}

void UpstreamStreams::flush(std::int64_t now_ms) {
  // A connection that breaks has its questions asked again, perhaps by another one: limited by the
  // attempts of each question.
  while (dirty_) {
    dirty_ = false;
    for (Connection& connection : connections_) {
      if (!connection.open || !connection.unsent) continue;
      connection.unsent = false;
      if (!connection.connected) continue;  // ready() will write
      if (write(connection)) {
        update_watch(connection);
      } else {
        end(connection, connection.socket.failure(), now_ms);
      }
    }
  }
}

bool UpstreamStreams::establish(Connection& connection, std::int64_t now_ms) {
  if (connection.connected) return true;
  if (const int error = connection.socket.connect_error(); error != 0) {
    end(connection, std::string{"connect: "} + std::strerror(error), now_ms);
    return false;
  }
  switch (connection.socket.handshake()) {
    case net::StreamSocket::State::would_block: update_watch(connection); return false;
    case net::StreamSocket::State::closed:
      end(connection,
          connection.socket.failure().empty() ? "closed during the handshake"
                                              : connection.socket.failure(),
          now_ms);
      return false;
    case net::StreamSocket::State::moved: break;
  }
  connection.connected = true;
  return true;
}

bool UpstreamStreams::write(Connection& connection) {
  std::size_t sent = 0;
  bool good = true;
  while (sent < connection.out_size) {
    const auto moved = connection.socket.write_some(
        Bytes{connection.out.get(), connection.out_size}.subspan(sent));
    good = moved.state != net::StreamSocket::State::closed;
    if (moved.state != net::StreamSocket::State::moved) break;
    sent += moved.size;
  }
  if (sent != 0 && sent < connection.out_size) {
    std::memmove(connection.out.get(), connection.out.get() + sent, connection.out_size - sent);
  }
  connection.out_size -= sent;
  return good;
}

// Gives every whole message away; false if one ended the connection.
bool UpstreamStreams::take_messages(Connection& connection) {
  const std::uint16_t port = connection.port;
  const std::span in{connection.in.get(), in_size_max};
  std::size_t at = 0;
  while (connection.in_size - at >= length_size) {
    const std::size_t size = dns::load_u16(in, at);
    if (connection.in_size - at - length_size < size) break;
    if (connection.under_way != 0) --connection.under_way;
    if (!connection.worked) {
      connection.worked = true;
      places_[connection.upstream] = {};
      set_trouble(connection.upstream, {});
    }
    hooks_.answered(port, in.subspan(at + length_size, size));
    if (!connection.open || connection.port != port) return false;
    at += length_size + size;
  }
  connection.in_size -= at;
  if (at != 0) std::memmove(in.data(), in.data() + at, connection.in_size);
  return true;
}

bool UpstreamStreams::read(Connection& connection, std::int64_t now_ms) {
  connection.more = false;
  for (int i = 0; i < reads_max; ++i) {
    const auto moved = connection.socket.read_some(
        {connection.in.get() + connection.in_size, in_size_max - connection.in_size});
    if (moved.state == net::StreamSocket::State::would_block) return true;
    if (moved.state == net::StreamSocket::State::closed) {
      end(connection, connection.socket.failure(), now_ms);
      return false;
    }
    connection.in_size += moved.size;
    connection.heard_at_ms = now_ms;
    if (!take_messages(connection)) return false;
  }
  connection.more = connection.socket.has_pending();
  return true;
}

void UpstreamStreams::update_watch(Connection& connection) {
  net::Readiness wanted{.readable = true,
                        // What lies decrypted shows no readable descriptor, but it is writable.
                        .writable = connection.out_size != 0 || connection.more};
  if (!connection.connected) wanted = connection.socket.waits_for();
  if (wanted.readable == connection.interest.readable &&
      wanted.writable == connection.interest.writable) {
    return;
  }
  connection.interest = wanted;
  hooks_.watch(connection.socket.fd(), connection.port, wanted, false);
}

void UpstreamStreams::ready(std::uint16_t port, std::int64_t now_ms) {
  Connection& connection = connections_[port % slots_max];
  if (!connection.open || connection.port != port) return;  // ended in this round
  if (!establish(connection, now_ms) || !read(connection, now_ms)) return;
  if (!write(connection)) {
    end(connection, connection.socket.failure(), now_ms);
    return;
  }
  connection.unsent = false;
  update_watch(connection);
}

void UpstreamStreams::end(Connection& connection, std::string why, std::int64_t now_ms) {
  const bool worked = connection.worked;
  const bool asked = connection.under_way != 0;
  hooks_.unwatch(connection.socket.fd());
  connection.socket.close();
  connection.open = false;
  if (!worked) {
    Place& place = places_[connection.upstream];
    place.closed_until_ms = now_ms + place.pause_ms;
    place.pause_ms = std::min(place.pause_ms * 2, stream_pause_max_ms);
    set_trouble(connection.upstream, why.empty() ? "closed without an answer" : std::move(why));
  }
  if (asked)
    hooks_.failed(connection.port, worked ? UpstreamFailure::broken : UpstreamFailure::refused);
}

void UpstreamStreams::tick(std::int64_t now_ms) {
  for (Connection& connection : connections_) {
    if (!connection.open) continue;
    const std::int64_t silent_ms = now_ms - connection.heard_at_ms;
    if (!connection.connected && now_ms - connection.opened_at_ms >= stream_connect_max_ms) {
      end(connection, "no connection within three seconds", now_ms);
    } else if (connection.under_way != 0 && silent_ms >= stream_silent_max_ms) {
      end(connection, "connected, but silent", now_ms);
    } else if (connection.under_way == 0 && silent_ms >= stream_idle_ms) {
      end(connection, {}, now_ms);
    }
  }
}

}  // namespace khien::resolver
