// The upstream's side of StreamServer: questions leave by its own ports and connections.
#include "resolver/stream_server.h"

namespace khien::resolver {

std::optional<std::uint16_t> StreamServer::ask(const Ask& ask, Bytes query) {
  if (ask.over_tcp) {
    return upstream_streams_.ask(ask.upstream, query, shared_.clock.steady_ms());
  }
  const auto port = ports_.pick(ask.upstream, random_.next_u64());
  if (!port || !ports_.socket(*port)->send(query)) return std::nullopt;
  return port;
}

void StreamServer::upstream_datagram(std::uint16_t port) {
  const auto batch = begin_batch();
  net::UdpSocket* socket = ports_.socket(port);
  if (socket == nullptr) return;
  while (const auto received = socket->receive({in_buffer_.get(), dns::message_size_max})) {
    if (received->size > dns::message_size_max) continue;
    engine_.upstream_answered(port, false, {in_buffer_.get(), received->size});
  }
  settle();
}

UpstreamStreams::Hooks StreamServer::upstream_hooks() {
  return {
      .watch =
          [this](int fd, std::uint16_t port, net::Readiness interest, bool first) {
            if (!first) {
              (void)loop_.change(fd, interest);
              return;
            }
            (void)loop_.watch(fd, interest, [this, port](net::Readiness) {
              const auto batch = begin_batch();
              upstream_streams_.ready(port, shared_.clock.steady_ms());
              settle();
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

// Within a batch, at its end: sends what it left for upstreams and for clients. Each may give work
// to the other: a client whose answer is sent may have more queries waiting.
void StreamServer::settle() {
  constexpr int rounds_max = 4;
  for (int i = 0; i < rounds_max; ++i) {
    upstream_streams_.flush(shared_.clock.steady_ms());
    if (dirty_.empty()) break;
    flush_dirty();
  }
}

}  // namespace khien::resolver
