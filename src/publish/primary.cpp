#include "publish/primary.h"

#include <poll.h>

#include <algorithm>

#include "base/log.h"
#include "publish/catalog.h"
#include "publish/primary_framing.h"

namespace khien::publish {
namespace {

/// Writes all of `data`, waiting for the peer up to send_timeout_ms in total.
bool write_blocking(net::StreamSocket& socket, Bytes data, const Clock& clock,
                    const std::stop_token& stop) {
  constexpr std::int64_t poll_step_ms = 200;  // how late a stop is noticed
  const std::int64_t deadline_ms = clock.steady_ms() + send_timeout_ms;
  while (!data.empty()) {
    const auto moved = socket.write_some(data);
    if (moved.state == net::StreamSocket::State::closed) return false;
    if (moved.state == net::StreamSocket::State::moved) {
      data = data.subspan(moved.size);
      continue;
    }
    if (stop.stop_requested() || clock.steady_ms() >= deadline_ms) return false;
    const auto wanted = socket.waits_for().writable ? POLLOUT : POLLIN;
    pollfd waiting{.fd = socket.fd(), .events = static_cast<short>(wanted), .revents = 0};
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
  auto plain = listen(options.listen);
  if (!plain) return propagate(std::move(plain).error(), "start the zone primary");
  primary->address_ = plain->tcp.local_address();
  primary->plain_.emplace(std::move(*plain));
  if (options.tls) {
    auto identity = PrimaryIdentity::open(options.tls->files, clock, metrics);
    if (!identity) return propagate(std::move(identity).error(), "serve zones over TLS");
    primary->identity_ = std::move(*identity);
    auto tls = listen(options.tls->listen);
    if (!tls) return propagate(std::move(tls).error(), "serve zones over TLS");
    primary->tls_.emplace(std::move(*tls));
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
      if (zone == nullptr) continue;  // addresses, which no resolver follows
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

Result<Primary::Listening> Primary::listen(const net::SocketAddress& address) {
  // A free port must be free for both: TCP takes it first, UDP follows, a few times over.
  constexpr int attempts_max = 8;
  for (int attempt = 1;; ++attempt) {
    auto tcp = net::TcpListener::listen({.address = address});
    if (!tcp) return tl::unexpected(std::move(tcp).error());
    auto udp = net::UdpSocket::bind({.address = tcp->local_address()});
    if (udp) return Listening{.tcp = std::move(*tcp), .udp = std::move(*udp)};
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
                                                       .socket = plain_->udp,
                                                       .zones = zones_,
                                                       .clock = clock_,
                                                       .rng = rng_,
                                                       .counters = counters_,
                                                       .progress = progress_});
  notifier_->set_access(access_.get());
  for (auto* listening : {&plain_, &tls_}) {
    if (!listening->has_value()) continue;
    auto& [tcp, udp] = **listening;
    auto datagrams =
        loop_->watch(udp.fd(), {.readable = true},
                     [this, socket = &udp](net::Readiness) { serve_datagrams(*socket); });
    if (!datagrams) return datagrams;
    auto connections =
        loop_->watch(tcp.fd(), {.readable = true},
                     [this, listener = &tcp](net::Readiness) { accept_connections(*listener); });
    if (!connections) return connections;
  }
  return {};
}

std::optional<net::SocketAddress> Primary::tls_address() const noexcept {
  if (!tls_) return std::nullopt;
  return tls_->tcp.local_address();
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
    notifier_->zone_changed(catalog_zone());
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

Answer Primary::answer(const Query& query) {
  const auto access = access_.get();
  const QueryContext context{.zones = zones_,
                             .access = *access,
                             .counters = counters_,
                             .now_s = clock_.now_ms() / ms_per_second};
  Answer made = answer_query(context, query);
  if (made.claimed) progress_.seen(*made.claimed);
  if (made.seen) {
    progress_.seen(*made.seen);
    notifier_->serial_seen(*made.seen);
  }
  return made;
}

void Primary::serve_datagrams(net::UdpSocket& socket) {
  std::array<std::uint8_t, query_size_max> buffer;
  for (std::size_t i = 0; i < datagrams_a_turn; ++i) {
    const auto received = socket.receive(buffer);
    if (!received) return;
    if (received->size > buffer.size()) continue;  // cut: nobody asks with so much
    const Bytes message = Bytes{buffer}.first(received->size);
    if (notifier_->take_response(message, received->peer)) continue;
    const Answer reply = answer({.message = message, .peer = received->peer.ip});
    if (!reply.reply.empty()) socket.send_to(reply.reply, received->peer);
  }
}

/// What the peer has after it; nullopt if the transfer broke off.
std::optional<SerialSeen> Primary::send(Job& job, const std::stop_token& stop) {
  net::StreamSocket& socket = job.connection.socket;
  const auto sink = [&](Bytes frames) {
    if (!socket.is_encrypted()) return write_blocking(socket, frames, clock_, stop);
    // Each message in TLS records of its own: Unbound 1.17 waits for the socket to be readable
    // while a further message lies in the record that it has read.
    while (!frames.empty()) {
      const std::size_t size = length_size + dns::load_u16(frames, 0);
      if (!write_blocking(socket, frames.first(size), clock_, stop)) return false;
      frames = frames.subspan(size);
    }
    return true;
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
                  .peer = job.connection.peer,
                  .pin = job.connection.pin,
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
    Returned back{.connection = {.socket = {}, .peer = (*job)->connection.peer}, .seen = seen};
    if (seen) back.connection = std::move((*job)->connection);
    returned_.lock()->push_back(std::move(back));
    static_cast<void>(loop_->post([this] { adopt_returned(); }));
  }
}

}  // namespace khien::publish
