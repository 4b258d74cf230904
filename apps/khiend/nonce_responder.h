// Answers the nonce zone over UDP on an address of its own, apart from the primary: that one is for
// followers alone, this one for every resolver in the world.
#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "dns/name.h"
#include "net/socket.h"
#include "providers/nonce_zone.h"

namespace khien::khiend {

class NonceResponder {
 public:
  /// Begins to answer. `clock` and `metrics` are borrowed. unavailable if the address is taken.
  [[nodiscard]] static Result<std::unique_ptr<NonceResponder>> start(
      const net::SocketAddress& listen, dns::Name zone, const Clock& clock, Metrics& metrics);

  /// Who asked for a name in the last minutes. Any thread.
  [[nodiscard]] std::vector<net::IpAddress> askers(std::string_view name) {
    return names_.askers(name, clock_.now_ms());
  }

 private:
  NonceResponder(net::UdpSocket socket, dns::Name zone, const Clock& clock, Metrics& metrics);
  void serve(const std::stop_token& stop);

  net::UdpSocket socket_;
  dns::Name zone_;
  const Clock& clock_;
  Metric& answered_;
  Metric& ignored_;
  providers::AskedNames names_;
  std::jthread thread_;  // last: starts when all else is there
};

}  // namespace khien::khiend
