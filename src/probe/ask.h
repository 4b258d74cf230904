// Asks one resolver one question, as any client would, and says what came back. Blocking, within a
// timeout; one socket a question. It speaks DNS to the resolver only: the name's own servers and
// sites are never contacted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "dns/message.h"
#include "net/address.h"

namespace khien::probe {

enum class Transport : std::uint8_t { udp, tcp };

struct Ask {
  net::SocketAddress resolver = {};
  dns::Name name = {};
  std::uint16_t qtype = dns::type_a;
  Transport transport = Transport::udp;
  int timeout_ms = 2'000;
};

constexpr std::size_t observed_addresses_max = 4;  // of one answer; the rest is not kept

/// What an answer says, as far as enforcement shows in it.
struct Observation {
  std::uint16_t rcode = 0;
  std::size_t answer_count = 0;
  bool truncated = false;
  std::optional<std::uint16_t> extended_error = {};  ///< info code (RFC 8914)
  std::string extended_text = {};
  std::optional<std::uint32_t> soa_serial = {};  ///< of a SOA in the answer section
  bool rpz_soa = false;  ///< a SOA of a zone below rpz.khien anywhere: how BIND shows its policy
  std::int64_t took_ms = 0;
  std::vector<net::IpAddress> addresses = {};  ///< of A and AAAA in the answer section, the first
};

/// timeout; unavailable if the resolver cannot be reached; malformed if the answer is no answer to
/// this question (id, name, type).
[[nodiscard]] Result<Observation> ask(const Ask& ask, const Clock& clock, Rng& rng);

struct WholeAnswer {
  Octets message;  ///< as received
  Observation seen;
};
/// The same, with the message for who reads more in it than an observation keeps. A truncated
/// answer over UDP is asked for again over TCP, within a time of its own.
[[nodiscard]] Result<WholeAnswer> ask_whole(const Ask& ask, const Clock& clock, Rng& rng);

/// The serial of `zone` that the resolver follows, by a SOA query. not_found if it does not say.
[[nodiscard]] Result<std::uint32_t> ask_serial(const net::SocketAddress& resolver,
                                               const dns::Name& zone, int timeout_ms,
                                               const Clock& clock, Rng& rng);

/// The same as ask() from octets; pure. malformed.
[[nodiscard]] Result<Observation> observe(Bytes message, const Ask& ask, std::uint16_t id);

}  // namespace khien::probe
