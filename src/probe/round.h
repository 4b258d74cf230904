// One round of a probe: asks all of a work list, at its pace, and writes down what came. It speaks
// DNS with the resolvers of the list and with nobody else: the names' own servers and sites are
// never contacted. One thread; what it asks through is given, so that a test needs no network.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "probe/statement.h"

namespace khien::probe {

/// A resolver that was silent this often in a row is not asked further in the same round.
constexpr int silences_max = 5;

struct RoundParts {
  std::function<Result<Observation>(const Ask&)> ask;
  /// Waits; false if the round shall end.
  std::function<bool(std::int64_t wait_ms)> pause;
  const Clock& clock;
  Rng& rng;
  std::string program;
};

/// unavailable "stopping" where `pause` said so. Asks each resolver the canaries, its serials and
/// its nonce first. What is left when a round has become too old is written down as not asked.
[[nodiscard]] Result<Statement> run_round(const Work& work, const RoundParts& parts);

/// "r2.NONCE" for the third resolver.
[[nodiscard]] std::string nonce_name(std::string_view nonce, std::size_t resolver_index);

}  // namespace khien::probe
