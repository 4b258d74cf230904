#include "nonce_responder.h"

#include <poll.h>

#include <array>

namespace khien::khiend {
namespace {

constexpr int look_ms = 200;                   // how soon a stop is seen
constexpr std::size_t query_size_max = 1'232;  // more is no resolver's question

}  // namespace

Result<std::unique_ptr<NonceResponder>> NonceResponder::start(const net::SocketAddress& listen,
                                                              dns::Name zone, const Clock& clock,
                                                              Metrics& metrics) {
  auto socket = net::UdpSocket::bind({.address = listen});
  if (!socket) return propagate(std::move(socket).error(), "listen for the nonce zone");
  return std::unique_ptr<NonceResponder>{
      new NonceResponder{std::move(*socket), std::move(zone), clock, metrics}};
}

NonceResponder::NonceResponder(net::UdpSocket socket, dns::Name zone, const Clock& clock,
                               Metrics& metrics)
    : socket_(std::move(socket)),
      zone_(std::move(zone)),
      clock_(clock),
      answered_(metrics.counter("khien_nonce_answered_total", "Questions about the nonce zone")),
      ignored_(metrics.counter("khien_nonce_ignored_total",
                               "Datagrams to the nonce zone that were no question")),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void NonceResponder::serve(const std::stop_token& stop) {
  std::array<std::uint8_t, query_size_max> buffer;
  while (!stop.stop_requested()) {
    pollfd one{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, look_ms) != 1) continue;
    const auto received = socket_.receive(buffer);
    if (!received || received->size > buffer.size()) continue;
    std::string name;
    const auto reply = providers::answer_nonce(Bytes{buffer}.first(received->size), zone_, name);
    if (reply.empty()) {
      ignored_.add();
      continue;
    }
    if (!name.empty()) names_.note(name, received->peer.ip.unmapped(), clock_.now_ms());
    socket_.send_to(reply, received->peer);
    answered_.add();
  }
}

}  // namespace khien::khiend
