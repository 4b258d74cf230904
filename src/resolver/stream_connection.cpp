#include "resolver/stream_connection.h"

#include "base/assert.h"

namespace khien::resolver {
namespace {

constexpr int reads_max = 8;  // pieces from one connection before the others get a turn

}  // namespace

using State = net::StreamSocket::State;

StreamConnection::StreamConnection(net::TcpSocket socket, StreamKind kind, std::int64_t now_ms)
    : active_at_ms(now_ms), raw_(std::move(socket)), kind_(kind), source_(raw_.peer_address()) {}

StreamConnection::Step StreamConnection::read_proxy() {
  while (true) {
    const auto size = net::proxy_header_size(proxy_);
    if (!size && size.error() != net::ProxyFault::truncated) return Step::failed;
    const std::size_t wanted = size.value_or(net::proxy_head_size);
    if (proxy_.size() == wanted && size) break;
    // Not one octet beyond: what follows may be TLS.
    const std::size_t had = proxy_.size();
    proxy_.resize(wanted);
    const auto moved = raw_.read_some(std::span{proxy_}.subspan(had));
    proxy_.resize(had + (moved.state == State::moved ? moved.size : 0));
    if (moved.state == State::would_block) return Step::wait;
    if (moved.state == State::closed) return Step::failed;
  }
  const auto header = net::parse_proxy_header(proxy_);
  if (!header) return Step::failed;
  if (header->source) source_ = *header->source;
  proxy_ = {};
  return Step::done;
}

bool StreamConnection::secure(const net::TlsContext& context) {
  auto stream = net::StreamSocket::server(std::move(raw_), context);
  if (!stream) return false;
  stream_ = std::move(*stream);
  phase_ = Phase::handshake;
  return true;
}

StreamConnection::Step StreamConnection::shake() {
  switch (stream_.handshake()) {
    case State::moved: return Step::done;
    case State::would_block: return Step::wait;
    default: return Step::failed;
  }
}

void StreamConnection::open(std::unique_ptr<StreamFraming> framing) {
  if (raw_.valid()) stream_ = net::StreamSocket{std::move(raw_)};
  framing_ = std::move(framing);
  phase_ = Phase::open;
}

StreamConnection::Step StreamConnection::read(std::span<std::uint8_t> buffer, QueryTaker& taker) {
  KHIEN_ASSERT(phase_ == Phase::open);
  for (int i = 0; i < reads_max; ++i) {
    if (!framing_->wants_octets()) return Step::wait;
    const auto moved = stream_.read_some(buffer);
    if (moved.state == State::would_block) return Step::wait;
    if (moved.state == State::closed) return Step::failed;
    if (!framing_->receive(buffer.first(moved.size), taker)) return Step::failed;
    // A plain socket that gave less than was asked for has no more.
    if (!stream_.is_encrypted() && moved.size < buffer.size()) return Step::wait;
  }
  return Step::done;
}

bool StreamConnection::resume(QueryTaker& taker) {
  return !framing_->holds_queries() || !framing_->wants_octets() || framing_->receive({}, taker);
}

bool StreamConnection::flush() {
  while (true) {
    const Bytes unsent = framing_->unsent();
    if (unsent.empty()) return true;
    const auto moved = stream_.write_some(unsent);
    if (moved.state == State::closed) return false;
    if (moved.state == State::would_block) break;
    framing_->sent(moved.size);
  }
  return framing_->unsent_size() <= stream_unsent_size_max;
}

net::Readiness StreamConnection::interest() const noexcept {
  if (phase_ == Phase::proxy) return {.readable = true};
  if (phase_ == Phase::handshake) return stream_.waits_for();
  return {.readable = framing_->wants_octets(), .writable = framing_->unsent_size() != 0};
}

}  // namespace khien::resolver
