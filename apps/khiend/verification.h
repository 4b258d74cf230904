// Asks the resolvers that the operator named (--verify) whether orders took effect there, and
// whether lifts did: what they answer is what counts, not what they claim to have loaded.
#pragma once

#include <vector>

#include "base/result.h"
#include "domain.h"
#include "net/address.h"

namespace khien::khiend {

constexpr int probes_a_round = 50;       // orders × resolvers asked in one round
constexpr int probe_timeout_ms = 1'000;  // of one question; UDP, then TCP

class Verification {
 public:
  /// `domain` is borrowed.
  Verification(Domain& domain, std::vector<net::SocketAddress> resolvers)
      : domain_(domain), resolvers_(std::move(resolvers)) {}

  /// The first round says that these resolvers are followed, by their address. Probes what is not
  /// verified yet and notes what was seen. One thread; may block for probes_a_round × 2 ×
  /// probe_timeout_ms where no resolver answers.
  [[nodiscard]] Result<void> run();

 private:
  [[nodiscard]] Result<void> follow();

  Domain& domain_;
  std::vector<net::SocketAddress> resolvers_;
  bool followed_ = false;
};

}  // namespace khien::khiend
