// From what resolvers answer to whether an order is enforced there. judge() is pure; look() asks
// and judges.
#pragma once

#include "probe/ask.h"

namespace khien::probe {

enum class Verdict : std::uint8_t {
  enforced,       ///< answered as blocked
  not_enforced,   ///< a block is expected, and the name resolves
  lifted,         ///< no block is expected, and there is none
  over_enforced,  ///< blocked as it should be, and so is what should not be
  stale,          ///< an answer from before, as the resolver itself says (EDE 3 or 19)
  no_answer,      ///< nothing usable came back: it changes nothing
};
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

enum class Expected : std::uint8_t { blocked, resolving };

/// What was seen; an Observation that failed is nullopt.
struct Sight {
  std::optional<Observation> name = {};
  /// The name's parent, and a random name beside it: neither may be blocked. Not asked: nullopt.
  std::optional<Observation> parent = {};
  std::optional<Observation> sibling = {};
  /// What a resolver without our rules says of the name, to tell a lifted name that is gone from
  /// one that is still blocked.
  std::optional<Observation> reference = {};
};

/// The resolver itself says that policy made this answer: EDE 15, 16 or 17, or BIND's SOA.
[[nodiscard]] bool says_blocked(const Observation& seen) noexcept;

[[nodiscard]] Verdict judge(Expected expected, const Sight& sight) noexcept;

struct Look {
  net::SocketAddress resolver = {};
  dns::Name name = {};
  Expected expected = Expected::blocked;
  /// Asked about the name as well, if a lifted name does not resolve.
  std::optional<net::SocketAddress> reference = {};
  /// Whether parent and sibling are asked too.
  bool neighbours = true;
  int timeout_ms = 2'000;
};

struct Seen {
  Verdict verdict = Verdict::no_answer;
  Sight sight = {};
};

/// Asks over UDP, and over TCP if that stays silent or is truncated.
[[nodiscard]] Seen look(const Look& look, const Clock& clock, Rng& rng);

}  // namespace khien::probe
