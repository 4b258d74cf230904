// What a client asks, as far as the data plane must know before it decides: question, EDNS with the
// options that we know, and how large an answer may be. Read in place; nothing here allocates.
#pragma once

#include "dns/edns.h"
#include "dns/question.h"

namespace khien::resolver {

using khien::Bytes;

enum class Transport : std::uint8_t { udp, tcp, dot, doh };

[[nodiscard]] constexpr bool is_encrypted(Transport transport) noexcept {
  return transport == Transport::dot || transport == Transport::doh;
}

/// DS and DNSKEY lead nobody anywhere, and whoever validates needs them for names above, beside and
/// (with an exception) below a blocked one: no rule touches them.
[[nodiscard]] constexpr bool is_key_type(std::uint16_t qtype) noexcept {
  return qtype == dns::type_ds || qtype == dns::type_dnskey;
}

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
  bool wants_structured =
      false;                   // draft-ietf-dnsop-structured-dns-error: an EDE of code 0, no text
  bool wants_padding = false;  // RFC 7830, where nobody on the way sees what is padded
  Bytes cookie = {};           // RFC 7873; borrowed: 8 octets or 16 to 40, or none
  std::size_t answer_size_max = dns::udp_payload_size_plain;
};

/// Never fails: what is wrong stands in `fault`.
[[nodiscard]] ClientQuery read_query(Bytes message, Transport transport) noexcept;

}  // namespace khien::resolver
