// What a client asks, as far as the data plane must know before it decides: question, EDNS, and how
// large an answer may be. Read in place; nothing here allocates.
#pragma once

#include "dns/edns.h"
#include "dns/question.h"

namespace khien::resolver {

using khien::Bytes;

enum class Transport : std::uint8_t { udp, tcp };

/// What to do with a message that is no ordinary query.
enum class Fault : std::uint8_t {
  none,
  drop,     ///< shorter than a header, or a response: answering could make a loop
  formerr,  ///< not one whole question, or a broken tail
  notimp,   ///< another opcode
  refused,  ///< another class, or a zone transfer
  badvers,  ///< EDNS of another version (RFC 6891 section 6.1.3)
  notify,   ///< RFC 1996: for the secondary
};

/// Larger UDP answers are truncated whatever the client offers, so that none is fragmented.
constexpr std::size_t udp_answer_size_max = dns::edns_payload_size;

struct ClientQuery {
  dns::Header header = {};
  dns::Question question = {};  // borrowed; valid unless the fault is drop, formerr or notimp
  Fault fault = Fault::drop;
  bool has_question = false;
  bool has_edns = false;
  bool dnssec_ok = false;
  std::size_t answer_size_max = dns::udp_payload_size_plain;
};

/// Never fails: what is wrong stands in `fault`.
[[nodiscard]] ClientQuery read_query(Bytes message, Transport transport) noexcept;

}  // namespace khien::resolver
